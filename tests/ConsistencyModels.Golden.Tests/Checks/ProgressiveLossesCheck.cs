using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's progdist_losses: the losses, and the gradients of their mean. The teacher is a buffer of the network, as in a run.</summary>
internal sealed class ProgressiveLossesCheck : IGoldenCheck
{
    private const double Tolerance = 1e-4;

    public string Kind => "progdist_losses";

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
        json.Ignore("note", "words");
        var shape = TrainingCases.ShapeOf(golden, "x_start");
        var scales = json.Int("num_scales");
        ConsistencyLossesCheck.PlacesAsDrawn(golden, scales, shape.Batch);
        using var network = TrainingCases.Trainable(engine, golden);
        using var teacher = TrainingCases.Buffer(golden, network, "teacher");
        var preconditioning = Preconditioning.Edm();
        var objective = ObjectiveCatalogue.Make("pd") with
        {
            Levels = new HalvingLevels(new FixedScales(scales)),
            Weight = new ScheduleWeight(TrainingCases.Weighting(json.Text("weight_schedule"))),
            Metric = TrainingCases.Metric(json.Text("loss_norm")),
        };
        var batch = TrainingCases.Batch(shape, golden.Floats("x_start"), golden.Floats("noise"), golden.Labels(), golden.Longs("indices"), scales);
        using var networks = new StepNetworks(network, null, new(new BufferedUNet(network, teacher), preconditioning), preconditioning, batch);
        var losses = new float[shape.Batch];
        var gradient = new float[shape.Length];
        objective.Losses(networks, batch, default, losses, gradient);
        Near.EqualToScale(golden.Floats("loss_per_sample"), losses, Tolerance, "loss_per_sample");
        Near.Equal(golden.Floats("loss_mean"), [losses.Average()], Tolerance, 0, "loss_mean");
        networks.Backward(Array.ConvertAll(gradient, value => value / shape.Batch));
        TrainingCases.HasGradients(golden, network, 2e-3);
    }
}
