using ConsistencyModels.Denoising;
using ConsistencyModels.Golden.Tests.Training;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>EDM's loss of every value, and the gradients of its mean.</summary>
internal sealed class EdmLossCheck : IGoldenCheck
{
    private const double Relative = 2e-6;

    public string Kind => "edm_loss";

    public void Check(GoldenCase golden)
    {
        var json = golden.Json;
        var shape = TrainingCases.ShapeOf(golden, "images");
        var network = TwoParameterNetwork.In(golden, json.Number("sigma_data_of_precond"), shape);
        var objective = ObjectiveCatalogue.Make("edm") with
        {
            Levels = new LogNormalLevels(json.Number("P_mean"), json.Number("P_std")),
            Weight = new ScheduleWeight(LossWeighting.Karras, json.Number("sigma_data_of_loss")),
        };
        var images = golden.Floats("images");
        var batch = TrainingCases.Batch(shape, images, golden.Floats("n"), [], normals: golden.Floats("rnd_normal"));
        var losses = new float[shape.Batch];
        var gradient = new float[shape.Length];
        objective.Losses(network, batch, new TrainingClock(0, 0, 1), losses, gradient);

        // The loss is the mean of what the case has value by value.
        var (sigmas, denoised) = Assert.Single(network.Calls);
        var weight = (ScheduleWeight)objective.Weight;
        var elementwise = new float[shape.Length];
        for (var i = 0; i < elementwise.Length; i++)
        {
            var error = denoised[i] - images[i];
            elementwise[i] = weight.Of(new LevelPair(sigmas[i / shape.ImageLength], 0)) * error * error;
        }

        Near.EqualToScale(golden.Floats("loss_elementwise"), elementwise, Relative, "loss_elementwise");
        var means = golden.Floats("loss_elementwise").Chunk(shape.ImageLength).Select(values => (float)values.Average(value => (double)value)).ToArray();
        Near.EqualToScale(means, losses, Relative, "losses");
        network.Backward(Array.ConvertAll(gradient, value => value / shape.Batch));
        network.HasGradients(golden, 1e-5);
    }
}
