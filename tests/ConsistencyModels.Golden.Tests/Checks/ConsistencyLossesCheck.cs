using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// openai's consistency_losses, distilling and training: every call of every network, the losses, and the gradients of their mean.
/// </summary>
internal sealed class ConsistencyLossesCheck : IGoldenCheck
{
    private const double Tolerance = 1e-4;

    public string Kind => "consistency_losses";

    public void Check(GoldenCase golden)
    {
        foreach (var engine in TrainingCases.Engines)
        {
            Check(golden, engine);
        }
    }

    private static void Check(GoldenCase golden, ITrainingEngine engine)
    {
        var json = golden.Json;
        json.Object("weights").Ignore("dtype", "half precision on disk stands for the same single precision numbers");
        var shape = TrainingCases.ShapeOf(golden, "x_start");
        var scales = json.Int("num_scales");
        PlacesAsDrawn(golden, scales - 1, shape.Batch);
        using var network = TrainingCases.Trainable(engine, golden);
        using var target = TrainingCases.Buffer(golden, network, "target");
        using var model = json.Object("weights").Find("teacher")?.GetString() is null ? null : TrainingCases.Open(golden, "teacher");
        using var teacher = model is null ? null : TrainingCases.Load(model);
        var sigmaData = json.Number("sigma_data");
        var sigmaMin = json.Number("sigma_min");
        var objective = Objective(golden, scales, sigmaData, sigmaMin, teacher is not null);
        var batch = TrainingCases.Batch(shape, golden.Floats("x_start"), golden.Floats("noise"), golden.Labels(), golden.Longs("indices"), scales - 1);
        using var networks = new StepNetworks(
            network, target, teacher is null ? null : new(teacher, Preconditioning.Edm(sigmaData)), objective.Preconditioning, batch);
        var recorded = new RecordingNetworks(networks);
        var losses = new float[shape.Batch];
        var gradient = new float[shape.Length];
        objective.Losses(recorded, batch, default, losses, gradient);

        var calls = json.Texts("network_calls_in_order");
        Assert.Equal(calls, recorded.Calls.Select(call => call.Who));
        for (var i = 0; i < calls.Length; i++)
        {
            recorded.Has(golden, i, calls[i] == "teacher" ? Preconditioning.Edm(sigmaData) : objective.Preconditioning, Tolerance);
        }

        Near.EqualToScale(golden.Floats("loss_per_sample"), losses, Tolerance, "loss_per_sample");
        Near.Equal(golden.Floats("loss_mean"), [losses.Average()], Tolerance, 0, "loss_mean");
        networks.Backward(Array.ConvertAll(gradient, value => value / shape.Batch));
        TrainingCases.HasGradients(golden, network, 2e-3);
        Assert.Empty(json.Texts("parameters_with_zero_gradient"));
    }

    /// <summary>The reference drew places from 0 to a bound; ours are as many.</summary>
    internal static void PlacesAsDrawn(GoldenCase golden, int bound, int batch)
    {
        var arguments = golden.Json.Get("randint_called_with");
        Assert.Equal(0, arguments[0].GetInt32());
        Assert.Equal(bound, arguments[1].GetInt32());
        Assert.Equal(batch, arguments[2][0].GetInt32());
    }

    private static Objective Objective(GoldenCase golden, int scales, double sigmaData, double sigmaMin, bool distills)
    {
        var json = golden.Json;
        Assert.StartsWith(distills ? "consistency_distillation" : "consistency_training", json.Text("mode"), StringComparison.Ordinal);
        return new()
        {
            Name = "recorded",
            Makes = ModelKind.Consistency,
            Levels = new GridLevels(new FixedScales(scales), new UniformChoice(), sigmaMin, json.Number("sigma_max"), json.Number("rho")),
            Target = new ConsistencyTarget(distills ? OdeStep.Heun : OdeStep.Data, NetworkRole.Target),
            Weight = new ScheduleWeight(TrainingCases.Weighting(json.Text("weight_schedule")), sigmaData),
            Metric = TrainingCases.Metric(json.Text("loss_norm")),
            Preconditioning = Preconditioning.Consistency(sigmaData, sigmaMin),
            Scheduler = new(),
            Settings = new Dictionary<string, string>(),
        };
    }
}
