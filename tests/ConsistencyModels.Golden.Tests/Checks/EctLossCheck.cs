using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Levels;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Easy consistency tuning's loss of every image, the gradients of its mean, and what it asks the network for.</summary>
internal sealed partial class EctLossCheck : IGoldenCheck
{
    private const double Relative = 5e-6;

    public string Kind => "ect_loss";

    public void Check(GoldenCase golden)
    {
        var shape = TrainingCases.ShapeOf(golden, "images");
        var stage = golden.Json.Int("stage");
        var (sigmaData, sigmaMin) = Preconditioner(golden.Json.Text("precond"));
        var network = TwoParameterNetwork.In(golden, sigmaData, shape);
        var (objective, c) = Objective(golden, sigmaData);
        var schedule = ((LogNormalLevels)objective.Levels).Schedule!;
        Assert.Equal(stage, schedule.Stage(stage));
        var batch = TrainingCases.Batch(shape, golden.Floats("images"), golden.Floats("eps"), [], normals: golden.Floats("rnd_normal"));
        var losses = new float[shape.Batch];
        var gradient = new float[shape.Length];
        objective.Losses(network, batch, new TrainingClock(0, stage, 1), losses, gradient);

        var (t, output) = network.Calls[0];
        var lower = Array.ConvertAll(t, sigma => schedule.MapToR(sigma, stage));
        for (var i = 0; i < lower.Length; i++)
        {
            // D(t) - D(r) of nearly equal outputs, divided by the small t - r: one unit in the last place of D is this much.
            var unit = MathF.BitIncrement(1) - 1;
            var norm = Math.Sqrt(output.AsSpan(i * shape.ImageLength, shape.ImageLength).ToArray().Sum(value => (double)value * value));
            var rounding = unit * (norm + c) / (golden.Floats("t")[i] - lower[i]);
            Near.Equal([golden.Floats("loss_per_sample")[i]], [losses[i]], Relative, rounding, $"loss of image {i}");
        }

        network.Backward(Array.ConvertAll(gradient, value => value / shape.Batch));
        network.HasGradients(golden, 1e-4);

        Assert.Equal(golden.Json.Int("network_calls"), network.Calls.Count);
        Near.Equal(golden.Floats("t"), t, 1e-6, 0, "t");
        Near.EqualToScale(golden.Floats("D_yt"), output, 1e-6, "D_yt");
        var recordedNaNs = golden.Json.Find("nan_values_in_raw_D_yr")?.GetInt64();
        Assert.Equal(network.Calls.Count > 1, recordedNaNs is not null);
        if (network.Calls.Count > 1)
        {
            var (r, raw) = network.Calls[1];
            Near.EqualToScale(golden.Floats("r"), r, 1e-6, "r");
            Assert.Equal(recordedNaNs, raw.Count(float.IsNaN));
            Near.EqualToScale(golden.Floats("D_yr_nan_to_num"), Array.ConvertAll(raw, value => float.IsNaN(value) ? 0 : value), 1e-6, "D_yr_nan_to_num");
        }

        golden.Json.Ignore("nan_note", "words");
        AsConsistencyModel(golden, batch, t, Preconditioning.Consistency(sigmaData, sigmaMin));
    }

    // Trained with EDM's scalings, a network is sampled with the boundary form: the recorded code switches between the two.
    private static void AsConsistencyModel(GoldenCase golden, TrainingBatch batch, float[] sigmas, Preconditioning preconditioning)
    {
        var noisy = new float[batch.Shape.Length];
        for (var i = 0; i < noisy.Length; i++)
        {
            noisy[i] = batch.Images.Span[i] + (batch.Noise.Span[i] * sigmas[i / batch.Shape.ImageLength]);
        }

        var denoised = new float[noisy.Length];
        using var network = new TwoParameterUNet(batch.Shape);
        new Denoiser(network, preconditioning, clip: false).Denoise(
            noisy, batch.Shape, NoiseLevel.Of(sigmas), [], denoised, TestContext.Current.CancellationToken);
        Near.EqualToScale(golden.Floats("D_yt_in_eval_mode"), denoised, 1e-5, "D_yt_in_eval_mode");
    }

    // ECMLoss's arguments; the defaults are those of its constructor.
    private static (Objective Objective, double C) Objective(GoldenCase golden, double sigmaData)
    {
        var arguments = golden.Json.Object("args");
        arguments.Ignore("sigma_data", "the reference's loss stores it and never asks for it");
        arguments.Ignore("cut", "the reference's loss takes it and never asks for it");
        var c = arguments.Number("c", 0);
        return (ObjectiveCatalogue.Make("ect", new Dictionary<string, string>
        {
            ["q"] = Text(arguments.Number("q", 2)),
            ["k"] = Text(arguments.Number("k", 8)),
            ["b"] = Text(arguments.Number("b", 1)),
            ["c"] = Text(c),
            ["p_mean"] = Text(arguments.Number("P_mean", -1.1)),
            ["p_std"] = Text(arguments.Number("P_std", 2)),
            ["sigma_data"] = Text(sigmaData),
            ["stage_images"] = "1",
            ["adjustment"] = arguments.Text("adj", "sigmoid") switch
            {
                "const" => "constant",
                "sigmoid" => "sigmoid",
                var other => throw new InvalidOperationException($"No adjustment is called {other}."),
            },
        }), c);
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    // "ECMPrecond sigma_data 0.5, sigma_min 0.003; train mode uses the EDM scalings, eval mode the boundary ones"
    private static (double SigmaData, double SigmaMin) Preconditioner(string words)
    {
        var found = Settings().Match(words);
        Assert.True(found.Success, words);
        double Number(string group) => double.Parse(found.Groups[group].Value, CultureInfo.InvariantCulture);
        return (Number("data"), Number("min"));
    }

    [GeneratedRegex(@"^ECMPrecond sigma_data (?<data>[\d.]+), sigma_min (?<min>[\d.]+);")]
    private static partial Regex Settings();
}
