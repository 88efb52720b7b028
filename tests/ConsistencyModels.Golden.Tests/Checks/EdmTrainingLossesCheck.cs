using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's training_losses with every weight schedule: levels, losses, and the gradients of their mean.</summary>
internal sealed class EdmTrainingLossesCheck : IGoldenCheck
{
    private const double Tolerance = 1e-4;

    public string Kind => "edm_training_losses";

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
        var shape = TrainingCases.ShapeOf(golden, "x_start");
        using var network = TrainingCases.Trainable(engine, golden);
        var sampler = json.Object("sampler");
        var objective = ObjectiveCatalogue.Make("edm") with
        {
            Levels = new LogNormalLevels(sampler.Number("p_mean"), sampler.Number("p_std")),
            Weight = new ScheduleWeight(TrainingCases.Weighting(json.Text("weight_schedule"))),
        };
        var images = golden.Floats("x_start");
        var batch = TrainingCases.Batch(shape, images, golden.Floats("noise"), golden.Labels(), normals: golden.Floats("log_sigma_normal"));
        using var networks = new StepNetworks(network, null, null, Preconditioning.Edm(), batch);
        var recorded = new RecordingNetworks(networks);
        var losses = new float[shape.Batch];
        var gradient = new float[shape.Length];
        objective.Losses(recorded, batch, default, losses, gradient);

        var (_, _, sigmas, denoised) = Assert.Single(recorded.Calls);
        Near.Equal(golden.Floats("sigmas"), sigmas, 1e-6, 0, "sigmas");
        Near.Equal(golden.Floats("loss"), losses, Tolerance, 0, "loss");
        Near.Equal(golden.Floats("mse"), losses, Tolerance, 0, "mse");
        var plain = new float[shape.Batch];
        new ConsistencyModels.Training.Objectives.Metrics.L2Metric().Measure(denoised, images, shape, plain, new float[shape.Length]);
        Near.Equal(golden.Floats("xs_mse"), plain, Tolerance, 0, "xs_mse");
        Near.Equal(golden.Floats("loss_mean"), [losses.Average()], Tolerance, 0, "loss_mean");
        networks.Backward(Array.ConvertAll(gradient, value => value / shape.Batch));
        TrainingCases.HasGradients(golden, network, 2e-3);
    }
}
