using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives;
using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Easy consistency tuning's loss of every image, the gradients of its mean, and what it asks the network for.</summary>
internal sealed partial class EctLossCheck : IGoldenCheck
{
    private const double Relative = 5e-6;

    public string Kind => "ect_loss";

    public void Check(GoldenCase golden)
    {
        using var network = TwoParameterNetwork.In(golden);
        using var scope = NewDisposeScope();
        var stage = golden.Json.Int("stage");
        var (sigmaData, sigmaMin) = Preconditioner(golden.Json.Text("precond"));
        var objective = Objective(golden);
        Assert.Equal(stage, objective.Schedule.Stage(stage));
        var batch = new TrainingBatch(
            golden.Tensor("images"), null, golden.Tensor("rnd_normal"), golden.Tensor("eps"), DropoutSeed: 0);
        var passes = new List<(Tensor Sigma, Tensor Output)>();
        var inner = network.Denoiser(sigmaData);
        Tensor Recording(Tensor x, Tensor sigma, Tensor? labels)
        {
            // Attached here, since the objective has a scope of its own.
            var output = inner(x, sigma, labels);
            passes.Add((sigma.alias().DetachFromDisposeScope(), output.alias().DetachFromDisposeScope()));
            return output;
        }

        var losses = objective.Losses(Recording, batch, imagesSeen: stage);
        foreach (var pass in passes)
        {
            scope.Attach(pass.Sigma, pass.Output);
        }

        var lower = objective.Schedule.MapToR(passes[0].Sigma, stage).Values();
        for (var i = 0; i < lower.Length; i++)
        {
            // D(t) - D(r) of nearly equal outputs, divided by the small t - r: one unit in the last place of D is this much.
            var unit = MathF.BitIncrement(1) - 1;
            var rounding = unit * (passes[0].Output[i].norm().item<float>() + objective.C) / (golden.Floats("t")[i] - lower[i]);
            Near.Equal([golden.Floats("loss_per_sample")[i]], [losses[i].item<float>()], Relative, rounding, $"loss of image {i}");
        }

        losses.mean().backward();
        network.HasGradients(golden, 1e-4);

        Assert.Equal(golden.Json.Int("network_calls"), passes.Count);
        Near.Equal(golden.Floats("t"), passes[0].Sigma.Values(), 1e-6, 0, "t");
        Near.EqualToScale(golden.Floats("D_yt"), passes[0].Output.Values(), 1e-6, "D_yt");
        var recordedNaNs = golden.Json.Find("nan_values_in_raw_D_yr")?.GetInt64();
        Assert.Equal(passes.Count > 1, recordedNaNs is not null);
        if (passes.Count > 1)
        {
            Near.EqualToScale(golden.Floats("r"), passes[1].Sigma.Values(), 1e-6, "r");
            var raw = passes[1].Output;
            Assert.Equal(recordedNaNs, raw.isnan().sum().item<long>());
            Near.EqualToScale(golden.Floats("D_yr_nan_to_num"), raw.nan_to_num().Values(), 1e-6, "D_yr_nan_to_num");
        }

        golden.Json.Ignore("nan_note", "words");
        AsConsistencyModel(golden, batch, passes[0].Sigma.Values(), Preconditioning.Consistency(sigmaData, sigmaMin));
    }

    // Trained with EDM's scalings, a network is sampled with the boundary form: the recorded code switches between the two.
    private static void AsConsistencyModel(GoldenCase golden, TrainingBatch batch, float[] sigmas, Preconditioning preconditioning)
    {
        var size = golden.Shape("images");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        var noisy = batch.Images + (batch.Noise * tensor(sigmas).view(-1, 1, 1, 1));
        var denoised = new float[shape.Length];
        using var network = new TwoParameterUNet(shape);
        new Denoiser(network, preconditioning, clip: false).Denoise(
            noisy.Values(), shape, NoiseLevel.Of(sigmas), [], denoised, TestContext.Current.CancellationToken);
        Near.EqualToScale(golden.Floats("D_yt_in_eval_mode"), denoised, 1e-5, "D_yt_in_eval_mode");
    }

    // ECMLoss's arguments; the defaults are those of its constructor.
    private static EctObjective Objective(GoldenCase golden)
    {
        var arguments = golden.Json.Object("args");
        arguments.Ignore("sigma_data", "the reference's loss stores it and never asks for it");
        arguments.Ignore("cut", "the reference's loss takes it and never asks for it");
        var schedule = new EctSchedule(
            arguments.Number("q", 2),
            arguments.Number("k", 8),
            arguments.Number("b", 1),
            StageImages: 1,
            Adjustment: arguments.Text("adj", "sigmoid") switch
            {
                "const" => EctAdjustment.Constant,
                "sigmoid" => EctAdjustment.Sigmoid,
                var other => throw new InvalidOperationException($"No adjustment is called {other}."),
            });
        return new(schedule, arguments.Number("P_mean", -1.1), arguments.Number("P_std", 2), arguments.Number("c", 0));
    }

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
