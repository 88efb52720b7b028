using System.Diagnostics;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Bench;

/// <summary>A network that measures the time inside its forward calls.</summary>
internal sealed class TimedUNet(IUNet inner) : IUNet
{
    private readonly Stopwatch _clock = new();

    public UNet2DConfig Config => inner.Config;

    public TimeSpan Elapsed => _clock.Elapsed;

    public void Reset() => _clock.Reset();

    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        _clock.Start();
        inner.Forward(sample, shape, timesteps, classLabels, output, cancellationToken);
        _clock.Stop();
    }

    // The network belongs to the pipeline it was loaded with.
    public void Dispose()
    {
    }
}
