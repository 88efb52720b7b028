using ConsistencyModels.Editing;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's three editing functions: what they see of the picture, every network call and the result.</summary>
internal sealed class EditingCheck : IGoldenCheck
{
    private const double Absolute = 1e-4;
    private const int Factor = 8;

    public string Kind => "editing";

    public void Check(GoldenCase golden)
    {
        var size = golden.Shape("images");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        var images = golden.Floats("images");
        var measurement = Of(golden, shape);
        var observed = new float[images.Length];
        measurement.Observe(images, observed, shape);
        Near.Equal(golden.Floats("conditioning_images"), observed, 0, 1e-6, "conditioning_images");

        using var denoisers = new GoldenDenoisers(golden, shape.Channels);
        var recorded = new RecordedDenoiser(denoisers.Denoiser, clip: false);
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var arguments = golden.Json.GetProperty("args");
        var schedule = MultistepSchedule.FromTs(
            arguments.GetProperty("ts").Ints(),
            arguments.GetProperty("steps").GetInt32(),
            arguments.GetProperty("t_min").GetDouble(),
            arguments.GetProperty("t_max").GetDouble(),
            arguments.GetProperty("rho").GetDouble());

        // The original starts from what it has made of the picture, which is the same for what is known.
        var x = golden.Floats("x");
        ImageEditor.Edit(recorded, schedule, measurement, observed, x, shape, noise, composite: false);
        Assert.Equal(golden.Json.GetProperty("random_calls").GetArrayLength(), noise.Draws);
        recorded.HasCalls(golden, "calls_out", Absolute);
        Near.Equal(golden.Floats("result"), x, 0, Absolute, "result");

        // And the picture itself gives the same as what was made of it.
        noise.Rewind();
        var again = golden.Floats("x");
        ImageEditor.Edit(denoisers.Denoiser, schedule, measurement, images, again, shape, noise, composite: false);
        Near.Equal(x, again, 0, 1e-5, "from the picture itself");
    }

    private static Measurement Of(GoldenCase golden, ImageShape shape)
    {
        var size = new ImageSize(shape.Height, shape.Width);
        switch (golden.Json.GetProperty("function").GetString())
        {
            case "iterative_inpainting":
                return Measurement.Inpainting(new ImageMask(shape, [.. golden.Floats("mask_effective").Select(value => value == 1)]));
            case "iterative_colorization":
                Near.Equal(golden.Json.GetProperty("Q_first_column_f64").Doubles(), [.. ChannelTransform.Luma.FirstColumn], 1e-12, 0, "first column");
                return Measurement.Colorization(size);
            case "iterative_superres":
                return Measurement.SuperResolution(Factor, size);
            case var other:
                throw new InvalidOperationException($"No edit is called {other}.");
        }
    }
}
