namespace ConsistencyModels.Networks;

/// <summary>A residual block: norm1, SiLU, resampling, conv1 3x3, time embedding, norm2, SiLU, dropout, conv2 3x3, plus the input.</summary>
/// <param name="Name">Prefix of its parameters' names.</param>
/// <param name="InChannels">Channels in (with the skip connection's, on the way up).</param>
/// <param name="OutChannels">Channels out.</param>
/// <param name="Resample">Resampling of both branches after the first activation.</param>
/// <param name="OutputScale">The sum of both branches is divided by this.</param>
public sealed record ResnetDescription(string Name, int InChannels, int OutChannels, ResampleKind Resample, double OutputScale)
{
    /// <summary>Whether the input passes a 1x1 convolution because the channel count changes.</summary>
    public bool HasShortcut => InChannels != OutChannels;
}
