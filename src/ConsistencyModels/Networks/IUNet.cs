namespace ConsistencyModels.Networks;

/// <summary>
/// A loaded network F, without preconditioning: what diffusers calls <c>UNet2DModel</c>. Each engine has its own.
/// Safe to call from several threads at once, and to dispose during calls: those end well, no more begin, and the memory is freed
/// when the last has ended (<see cref="UseCount"/>).
/// </summary>
public interface IUNet : IDisposable
{
    /// <summary>The configuration the network was built from.</summary>
    UNet2DConfig Config { get; }

    /// <summary>One forward pass in inference mode (no dropout, no gradients).</summary>
    /// <param name="sample">The scaled input, <paramref name="shape"/>.Length floats in NCHW order.</param>
    /// <param name="shape">Shape of the batch. Height and width must be multiples of <see cref="UNet2DConfig.SpatialFactor"/>.</param>
    /// <param name="timesteps">One value per image (c_noise, not truncated to integers), or a single one for all.</param>
    /// <param name="classLabels">One label per image in [0, NumClassEmbeds), or empty for a network without class embedding.</param>
    /// <param name="output">Receives [N, OutChannels, H, W] floats.</param>
    /// <param name="cancellationToken">Observed before the pass, and between layers where the engine can.</param>
    /// <exception cref="ArgumentException">A length or label does not fit the configuration.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed.</exception>
    void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default);
}
