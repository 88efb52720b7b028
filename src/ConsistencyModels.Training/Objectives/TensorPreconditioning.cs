using ConsistencyModels.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// EDM's preconditioning on tensors (Karras et al. 2022, Table 1, last column), with the consistency models' time scale
/// c_noise = 250 ln σ, so that a trained network runs under CMStochasticIterativeScheduler.
/// </summary>
public static class TensorPreconditioning
{
    // Smallest float32 that still is one: keeps ln finite at sigma 0, where c_skip = 1 and c_out = 0 make the result x.
    private const float SmallestSigma = 1e-38f;

    /// <summary>D(x; σ) = c_skip x + c_out F(c_in x; c_noise).</summary>
    /// <param name="network">F.</param>
    /// <param name="sigmaData">Standard deviation of the data; 0.5 for images in [-1, 1].</param>
    public static Denoise Edm(UNet2DModel network, double sigmaData = 0.5) => Edm(
        (x, noise, labels) => network.forward(x, noise, labels),
        sigma => sigma.clamp_min(SmallestSigma).log() * 250,
        sigmaData);

    /// <summary>The same for any F and any c_noise.</summary>
    /// <param name="network">F: scaled input, c_noise [N], labels.</param>
    /// <param name="toNoise">σ [N] to c_noise [N].</param>
    /// <param name="sigmaData">Standard deviation of the data.</param>
    public static Denoise Edm(Denoise network, Func<Tensor, Tensor> toNoise, double sigmaData) => (x, sigma, labels) =>
    {
        using var scope = NewDisposeScope();
        var s = sigma.view(-1, 1, 1, 1);
        var variance = (s * s) + (sigmaData * sigmaData);
        var root = variance.sqrt();
        var cSkip = sigmaData * sigmaData / variance;
        var cOut = s * sigmaData / root;
        var output = network(x / root, toNoise(sigma), labels);
        return ((cSkip * x) + (cOut * output)).MoveToOuterDisposeScope();
    };
}
