using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// EDM's denoising loss (Karras et al. 2022, Eq. 8 and Table 1): λ(σ) |D(x + σz; σ) - x|² with
/// λ = (σ² + σ_data²)/(σ σ_data)² and ln σ normal. Trains the diffusion model that becomes the teacher.
/// </summary>
/// <param name="PMean">Mean of ln σ.</param>
/// <param name="PStd">Standard deviation of ln σ.</param>
/// <param name="SigmaData">Standard deviation of the data; the preconditioning and the saved schedule have the same.</param>
public sealed record EdmObjective(double PMean = -1.2, double PStd = 1.2, double SigmaData = 0.5) : IObjective
{
    /// <inheritdoc/>
    public string Name => "edm";

    /// <inheritdoc/>
    public bool MakesConsistencyModel => false;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        [nameof(PMean)] = InvariantText.Of(PMean),
        [nameof(PStd)] = InvariantText.Of(PStd),
        [nameof(SigmaData)] = InvariantText.Of(SigmaData),
    };

    /// <summary>The weighted squared error of every value [N, C, H, W].</summary>
    public Tensor Elementwise(Denoise denoise, TrainingBatch batch)
    {
        using var scope = NewDisposeScope();
        var sigma = batch.Normals.Times(PStd).Plus(PMean).exp();
        var s = sigma.view(-1, 1, 1, 1);
        var product = s.Times(SigmaData);
        var weight = (s * s).Plus(SigmaData * SigmaData) / (product * product);
        batch.SeedDropout();
        var error = denoise(batch.Images.Plus(batch.Noise * s), sigma, batch.Labels) - batch.Images;
        return (weight * error * error).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of <see cref="Elementwise"/> over each image.</summary>
    /// <inheritdoc/>
    public Tensor Losses(Denoise denoise, TrainingBatch batch, long imagesSeen)
    {
        using var elementwise = Elementwise(denoise, batch);
        return elementwise.mean([1, 2, 3]);
    }
}
