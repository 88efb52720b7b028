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

    /// <summary>
    /// Standard deviation of the data: that of the preconditioning the network is trained under, drawn under, and saved with.
    /// </summary>
    double SigmaData { get; }

    /// <summary>
    /// Every setting that changes the losses, by the name of its property, as text that is the same in every culture: what makes a
    /// run this run. A setting that is added later counts as its default in older checkpoints.
    /// </summary>
    IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>The loss of each image, with the graph for gradients. The caller disposes the result.</summary>
    /// <param name="denoise">The network being trained.</param>
    /// <param name="batch">Images and random draws; <see cref="TrainingBatch.SeedDropout"/> comes before every pass of the network.</param>
    /// <param name="imagesSeen">Images the run has learnt from before this step; schedules follow it.</param>
    /// <returns>[N] losses.</returns>
    Tensor Losses(Denoise denoise, TrainingBatch batch, long imagesSeen);
}
