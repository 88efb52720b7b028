using ConsistencyModels.Denoising;
using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// EDM's preconditioning on tensors (Karras et al. 2022, Table 1, last column), with the consistency models' time scale
/// c_noise = 250 ln σ, so that a trained network runs under CMStochasticIterativeScheduler.
/// </summary>
public static class TensorPreconditioning
{
    // Keeps ln finite at sigma 0: the same denormal as in KarrasSigmas, added in float64, since a GPU may flush it to 0.
    private const double LogOffset = (float)KarrasSigmas.LevelOffset;

    /// <summary>D(x; σ) = c_skip x + c_out F(c_in x; c_noise).</summary>
    /// <param name="network">F.</param>
    /// <param name="sigmaData">Standard deviation of the data; 0.5 for images in [-1, 1].</param>
    public static Denoise Edm(UNet2DModel network, double sigmaData = 0.5) => Edm(
        (x, noise, labels) => network.forward(x, noise, labels), TimeScale, sigmaData);

    /// <summary>The same for any F and any c_noise.</summary>
    /// <param name="network">F: scaled input, c_noise [N], labels.</param>
    /// <param name="toNoise">σ [N] to c_noise [N].</param>
    /// <param name="sigmaData">Standard deviation of the data.</param>
    public static Denoise Edm(Denoise network, Func<Tensor, Tensor> toNoise, double sigmaData) => (x, sigma, labels) =>
    {
        using var scope = NewDisposeScope();
        var s = sigma.view(-1, 1, 1, 1);
        // In the order of EDMPrecond.forward: a loss of nearly equal outputs shows the last bit.
        var variance = (s * s).Plus(sigmaData * sigmaData);
        var cSkip = variance.reciprocal().Times(sigmaData * sigmaData);
        var cOut = s.Times(sigmaData) / variance.sqrt();
        var cIn = variance.sqrt().reciprocal();
        var output = network(cIn * x, toNoise(sigma), labels);
        return (cSkip * x).Plus(cOut * output).MoveToOuterDisposeScope();
    };

    /// <summary>c_noise of consistency models: 250 ln(σ + 1e-44), [N] float32. The caller disposes it.</summary>
    /// <param name="sigma">[N] noise levels.</param>
    public static Tensor TimeScale(Tensor sigma)
    {
        using var scope = NewDisposeScope();
        return sigma.to(ScalarType.Float64).Plus(LogOffset).log().Times(KarrasSigmas.TimestepScale).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
