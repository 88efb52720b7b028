using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// A network whose calls see what was recorded in place of what they are given, which has to be nearly the same: so the rounding
/// of one step is not amplified by the next.
/// </summary>
/// <param name="inner">The network.</param>
/// <param name="inputs">What all calls together are given, in order.</param>
/// <param name="absolute">What they may be off by.</param>
internal sealed class RecordedInputs(IUNet inner, float[] inputs, double absolute) : IUNet
{
    private int _position;

    public UNet2DConfig Config => inner.Config;

    /// <summary>Begins again with the first call.</summary>
    internal void Rewind() => _position = 0;

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        var recorded = inputs.AsSpan(_position, sample.Length);
        Near.Equal(recorded, sample, 1e-5, absolute, $"the network's input from {_position} on");
        _position += sample.Length;
        inner.Forward(recorded, shape, timesteps, classLabels, output, cancellationToken);
    }

    public void Dispose() => inner.Dispose();
}
