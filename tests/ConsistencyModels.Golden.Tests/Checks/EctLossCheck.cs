using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives;
using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Easy consistency tuning's loss of every image, the gradients of its mean, and what it asks the network for.</summary>
internal sealed class EctLossCheck : IGoldenCheck
{
    private const double Relative = 5e-6;

    // ECMPrecond's in the recorded code.
    private const double SigmaData = 0.5;
    private const double SigmaMin = 0.003;

    public string Kind => "ect_loss";

    public void Check(GoldenCase golden)
    {
        using var network = new TwoParameterNetwork();
        using var scope = NewDisposeScope();
        var stage = golden.Json.GetProperty("stage").GetInt32();
        var objective = Objective(golden);
        Assert.Equal(stage, objective.Schedule.Stage(stage));
        var batch = new TrainingBatch(
            golden.Tensor("images"), null, golden.Tensor("rnd_normal"), golden.Tensor("eps"), DropoutSeed: 0);
        var passes = new List<(Tensor Sigma, Tensor Output)>();
        var inner = network.Denoiser(SigmaData);
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

        Assert.Equal(golden.Json.GetProperty("network_calls").GetInt32(), passes.Count);
        Near.Equal(golden.Floats("t"), passes[0].Sigma.Values(), 1e-6, 0, "t");
        Near.EqualToScale(golden.Floats("D_yt"), passes[0].Output.Values(), 1e-6, "D_yt");
        if (passes.Count > 1)
        {
            Near.EqualToScale(golden.Floats("r"), passes[1].Sigma.Values(), 1e-6, "r");
            var raw = passes[1].Output;
            Assert.Equal(golden.Json.GetProperty("nan_values_in_raw_D_yr").GetInt64(), raw.isnan().sum().item<long>());
            Near.EqualToScale(golden.Floats("D_yr_nan_to_num"), raw.nan_to_num().Values(), 1e-6, "D_yr_nan_to_num");
        }

        AsConsistencyModel(golden, batch, passes[0].Sigma.Values());
    }

    // Trained with EDM's scalings, a network is sampled with the boundary form: the recorded code switches between the two.
    private static void AsConsistencyModel(GoldenCase golden, TrainingBatch batch, float[] sigmas)
    {
        var size = golden.Shape("images");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        var noisy = batch.Images + (batch.Noise * tensor(sigmas).view(-1, 1, 1, 1));
        var denoised = new float[shape.Length];
        using var network = new TwoParameterUNet(shape);
        new Denoiser(network, Preconditioning.Consistency(SigmaData, SigmaMin), clip: false).Denoise(
            noisy.Values(), shape, sigmas, [], denoised, TestContext.Current.CancellationToken);
        Near.EqualToScale(golden.Floats("D_yt_in_eval_mode"), denoised, 1e-5, "D_yt_in_eval_mode");
    }

    private static EctObjective Objective(GoldenCase golden)
    {
        var args = golden.Json.GetProperty("args");
        var standard = new EctObjective(new EctSchedule());
        double Value(string name, double otherwise) => args.Optional(name)?.GetDouble() ?? otherwise;
        var schedule = new EctSchedule(
            Value("q", standard.Schedule.Q),
            Value("k", standard.Schedule.K),
            Value("b", standard.Schedule.B),
            StageImages: 1,
            Adjustment: args.Optional("adj")?.GetString() == "const" ? EctAdjustment.Constant : EctAdjustment.Sigmoid);
        return new(schedule, Value("P_mean", standard.PMean), Value("P_std", standard.PStd), Value("c", standard.C));
    }
}
