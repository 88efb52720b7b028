using ConsistencyModels.Networks;

namespace ConsistencyModels.Mpi.Worker;

/// <summary>A buffer that can only be read and written: nothing else is needed of one here.</summary>
/// <param name="values">Its memory.</param>
internal sealed class PlainBuffer(float[] values) : IParameterBuffer
{
    public long Length => values.Length;

    public void Read(long offset, Span<float> destination) => values.AsSpan((int)offset, destination.Length).CopyTo(destination);

    public void Write(long offset, ReadOnlySpan<float> source) => source.CopyTo(values.AsSpan((int)offset));

    public void Clear() => throw new NotSupportedException();

    public void CopyFrom(IParameterBuffer source) => throw new NotSupportedException();

    public void Lerp(IParameterBuffer other, double weight) => throw new NotSupportedException();

    public void Scale(double factor) => throw new NotSupportedException();

    public double Norm() => throw new NotSupportedException();

    public void Adapt(IParameterBuffer gradients, IParameterBuffer firstMoment, IParameterBuffer secondMoment, AdaptiveStep step) =>
        throw new NotSupportedException();

    public void Dispose()
    {
    }
}
