using ConsistencyModels.Noise;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Plays recorded noise back, one draw after another, and counts the draws.</summary>
internal sealed class ReplayedNoise(float[] recorded) : INoiseGenerator
{
    private int _position;

    internal int Draws { get; private set; }

    public void Randn(Span<float> batch, int images)
    {
        recorded.AsSpan(_position, batch.Length).CopyTo(batch);
        _position += batch.Length;
        Draws++;
    }

    /// <summary>Begins again with the first draw.</summary>
    internal void Rewind() => (_position, Draws) = (0, 0);

    public void RandInt(long low, long high, Span<long> perImage) => throw new InvalidOperationException("No integers were recorded.");
}
