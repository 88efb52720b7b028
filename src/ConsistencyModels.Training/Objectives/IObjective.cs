using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>What a network is trained for: maps the network and a batch to a loss for each image.</summary>
public interface IObjective
{
    /// <summary>Its name on the command line and in logs: "edm", "ect".</summary>
    string Name { get; }

    /// <summary>
    /// Whether the result is a consistency model, which draws in one step and is saved as a pipeline; otherwise it is a
    /// diffusion model, which takes a sampler of many steps and is saved as a bare network.
    /// </summary>
    bool MakesConsistencyModel { get; }

    /// <summary>The loss of each image, with the graph for gradients. The caller disposes the result.</summary>
    /// <param name="denoise">The network being trained.</param>
    /// <param name="batch">Images and random draws; <see cref="TrainingBatch.SeedDropout"/> comes before every pass of the network.</param>
    /// <param name="imagesSeen">Images the run has learnt from before this step; schedules follow it.</param>
    /// <returns>[N] losses.</returns>
    Tensor Losses(Denoise denoise, TrainingBatch batch, long imagesSeen);
}
