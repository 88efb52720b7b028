using ConsistencyModels.Denoising;
using ConsistencyModels.Editing;
using ConsistencyModels.Networks;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's three editing functions: what they see of the picture, every network call and the result.</summary>
internal sealed class EditingCheck : IGoldenCheck
{
    private const double Absolute = 1e-4;

    // openai's iterative_inpainting makes one mask of seven copies of a picture, and its opposite of the next seven.
    private const int Copies = 7;

    public string Kind => "editing";

    public void Check(GoldenCase golden)
    {
        foreach (var engine in GoldenDenoisers.EnginesFor(golden))
        {
            Check(golden, engine);
        }
    }

    private static void Check(GoldenCase golden, INetworkEngine engine)
    {
        var size = golden.Shape("images");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        var images = golden.Floats("images");
        var arguments = golden.Json.Object("args");
        var measurement = Of(golden, arguments, shape);
        var observed = new float[images.Length];
        measurement.Observe(images, observed, shape);
        Near.Equal(golden.Floats("conditioning_images"), observed, 0, 1e-6, "conditioning_images");

        // The functions are written for a distiller, which is a consistency model.
        using var denoisers = new GoldenDenoisers(golden, shape.Channels, () => golden.Json.Find("distillation")?.GetBoolean() ?? true, engine);
        var recorded = new RecordedDenoiser(denoisers.Denoiser, clip: false);
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var options = new SamplingOptions { ClassLabels = golden.Labels() };

        // The defaults are the functions' own.
        var schedule = MultistepSchedule.FromTs(
            arguments.Ints("ts"), arguments.Int("steps", 40), arguments.Number("t_min", 0.002), arguments.Number("t_max", 80), arguments.Number("rho", 7));

        // The original starts from what it has made of the picture, which is the same for what is known.
        var x = Edit(recorded, observed);
        Assert.Equal(golden.Json.Texts("random_calls"), Enumerable.Repeat("randn_like", noise.Draws));
        recorded.HasCalls(golden, "calls_out", Absolute);
        Near.Equal(golden.Floats("result"), x, 0, Absolute, "result");

        // And the picture itself gives the same as what was made of it.
        noise.Rewind();
        Near.Equal(x, Edit(denoisers.Denoiser, images), 0, 1e-5, "from the picture itself");

        // What is recorded as the start carries its noise already.
        float[] Edit(IDenoiser denoiser, float[] reference)
        {
            var result = new float[images.Length];
            new MultistepSampler(schedule).Sample(
                denoiser, result, shape, noise, options with { Start = golden.Floats("x"), Measurement = measurement, Reference = reference, Composite = false, ClampResult = false });
            return result;
        }
    }

    private static Measurement Of(GoldenCase golden, GoldenArguments arguments, ImageShape shape)
    {
        var size = new ImageSize(shape.Height, shape.Width);
        switch (golden.Json.Text("function"))
        {
            case "iterative_inpainting":
                var mask = InpaintingMask(golden.Longs("letter_is_background"), shape);
                Assert.Equal(golden.Floats("mask_effective"), mask.Select(known => known ? 1f : 0));
                return Measurement.Inpainting(new ImageMask(shape, mask));
            case "iterative_colorization":
                HasFirstColumn(golden, [.. ChannelTransform.Luma.FirstColumn]);
                return Measurement.Colorization(size);
            case "iterative_superres":
                var factor = Factor(golden, arguments);
                HasFirstColumn(golden, [.. Enumerable.Repeat(1.0 / factor, factor * factor)]);
                return Measurement.SuperResolution(factor, size);
            case var other:
                throw new InvalidOperationException($"No edit is called {other}.");
        }
    }

    // The side of a patch: its orthogonal matrix has a column for every pixel. The original has it as a constant, so a case with
    // another one may or may not say so among the arguments.
    private static int Factor(GoldenCase golden, GoldenArguments arguments)
    {
        var factor = (int)Math.Sqrt(golden.Shape("Q_f32")[0]);
        Assert.Equal(factor, arguments.Int("patch_size", factor));
        Assert.Equal(factor, arguments.Int("factor", factor));
        return factor;
    }

    // The other columns are any that complete the matrix: nothing of the result depends on them.
    private static void HasFirstColumn(GoldenCase golden, double[] column)
    {
        Near.Equal(golden.Json.Numbers("Q_first_column_f64"), column, 1e-12, 0, "Q_first_column_f64");
        var matrix = golden.Floats("Q_f32");
        float[] first = [.. Enumerable.Range(0, column.Length).Select(row => matrix[row * column.Length])];
        Near.Equal(first, Array.ConvertAll(column, value => (float)value), 1e-6, 0, "Q_f32");
    }

    private static bool[] InpaintingMask(long[] isBackground, ImageShape shape)
    {
        Assert.Equal(0, shape.Batch % Copies);
        var mask = new bool[shape.Length];
        for (var i = 0; i < mask.Length; i++)
        {
            var keepsBackground = i / shape.ImageLength / Copies % 2 == 0;
            mask[i] = isBackground[i % isBackground.Length] == 1 == keepsBackground;
        }

        return mask;
    }
}
