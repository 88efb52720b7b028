using ConsistencyModels.Training.Objectives;
using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>EDM's loss of every value, and the gradients of its mean.</summary>
internal sealed class EdmLossCheck : IGoldenCheck
{
    private const double Relative = 2e-6;

    public string Kind => "edm_loss";

    public void Check(GoldenCase golden)
    {
        using var network = TwoParameterNetwork.In(golden);
        using var scope = NewDisposeScope();
        var json = golden.Json;
        var objective = new EdmObjective(
            json.Number("P_mean"), json.Number("P_std"), json.Number("sigma_data_of_loss"));
        var batch = new TrainingBatch(
            golden.Tensor("images"), null, golden.Tensor("rnd_normal"), golden.Tensor("n"), DropoutSeed: 0);
        var denoise = network.Denoiser(json.Number("sigma_data_of_precond"));

        var losses = objective.Elementwise(denoise, batch);
        Near.EqualToScale(golden.Floats("loss_elementwise"), losses.Values(), Relative, "loss_elementwise");
        losses.mean().backward();
        network.HasGradients(golden, 1e-5);

        // What the trainer takes: the mean over each image.
        Near.EqualToScale(losses.mean([1, 2, 3]).Values(), objective.Losses(denoise, batch, imagesSeen: 0).Values(), Relative, "losses");
    }
}
