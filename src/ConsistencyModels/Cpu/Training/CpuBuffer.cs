using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Training;

/// <summary>A network's flat parameters, or as many other floats, in memory outside the managed heap. Operations use all the network's threads.</summary>
internal sealed unsafe class CpuBuffer : IParameterBuffer
{
    private readonly CpuTrainableUNet _owner;
    private readonly NativeBuffer _memory;
    private readonly List<(nint Values, float Weight)> _followers = [];
    private bool _disposed;

    // The version at which all values are known to be 0.
    private long _clear = -1;

    /// <summary>Zeros.</summary>
    public CpuBuffer(CpuTrainableUNet owner, long length)
    {
        (_owner, Length) = (owner, length);
        _memory = new NativeBuffer(length * sizeof(float));
        owner.Work.Run(BufferOperation.Clear, Pointer, length);
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>The values.</summary>
    public float* Pointer => IsDisposed ? throw new ObjectDisposedException(nameof(IParameterBuffer)) : _memory.Floats;

    /// <summary>Whether it was disposed, or its network was.</summary>
    public bool IsDisposed => _disposed || _owner.IsDisposed;

    /// <summary>Grows with every change, so that whoever keeps something made of it knows when that is old.</summary>
    public long Version { get; private set; }

    /// <inheritdoc/>
    public void Clear()
    {
        lock (_owner.Gate)
        {
            if (_clear != Version || IsDisposed)
            {
                Change().Run(BufferOperation.Clear, Pointer, Length);
                _clear = Version;
            }
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IParameterBuffer source)
    {
        var other = Kin(source, nameof(source));
        lock (_owner.Gate)
        {
            Change().Run(BufferOperation.Copy, Pointer, Length, other.Pointer);
        }
    }

    /// <inheritdoc/>
    public void Lerp(IParameterBuffer other, double weight)
    {
        var target = Kin(other, nameof(other));
        lock (_owner.Gate)
        {
            Change().Run(BufferOperation.Lerp, Pointer, Length, target.Pointer, factor: weight);
        }
    }

    /// <inheritdoc/>
    public void Scale(double factor)
    {
        lock (_owner.Gate)
        {
            Change().Run(BufferOperation.Scale, Pointer, Length, factor: factor);
        }
    }

    /// <inheritdoc/>
    public double Norm()
    {
        lock (_owner.Gate)
        {
            return Math.Sqrt(_owner.Work.SumOfSquares(Pointer, Length));
        }
    }

    /// <inheritdoc/>
    public void Adapt(IParameterBuffer gradients, IParameterBuffer firstMoment, IParameterBuffer secondMoment, AdaptiveStep step)
    {
        var gradient = Kin(gradients, nameof(gradients));
        var (first, second) = (Kin(firstMoment, nameof(firstMoment)), Kin(secondMoment, nameof(secondMoment)));
        lock (_owner.Gate)
        {
            first.Version++;
            second.Version++;
            Change().Adapt(Pointer, gradient.Pointer, first.Pointer, second.Pointer, Length, step);
        }
    }

    /// <inheritdoc/>
    public void Adapt(IParameterBuffer gradients, IParameterBuffer firstMoment, IParameterBuffer secondMoment, AdaptiveStep step, ReadOnlySpan<(IParameterBuffer Average, double Weight)> averages)
    {
        var gradient = Kin(gradients, nameof(gradients));
        var (first, second) = (Kin(firstMoment, nameof(firstMoment)), Kin(secondMoment, nameof(secondMoment)));
        foreach (var (average, _) in averages)
        {
            ThrowIfOneOf(Kin(average, nameof(averages)), gradient, first, second);
        }

        lock (_owner.Gate)
        {
            _followers.Clear();
            foreach (var (average, weight) in averages)
            {
                var follower = (CpuBuffer)average;
                _followers.Add(((nint)follower.Pointer, (float)weight));
                follower.Version++;
            }

            first.Version++;
            second.Version++;
            gradient.Version++;
            Change().Adapt(Pointer, gradient.Pointer, first.Pointer, second.Pointer, Length, step, _followers);
            gradient._clear = gradient.Version;
        }
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<float> destination)
    {
        lock (_owner.Gate)
        {
            Part(offset, destination.Length).CopyTo(destination);
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<float> source)
    {
        lock (_owner.Gate)
        {
            var part = Part(offset, source.Length);
            Version++;
            source.CopyTo(part);
        }
    }

    /// <summary>Notes that the values are changed by someone else.</summary>
    public void Changed() => Version++;

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_owner.Gate)
        {
            if (!_disposed)
            {
                _disposed = true;
                _owner.Forget(this);
                _memory.Dispose();
            }
        }
    }

    /// <summary>Another buffer of the same network.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public CpuBuffer Kin(IParameterBuffer other, string name) => other is CpuBuffer buffer && buffer._owner == _owner
        ? buffer
        : throw new ArgumentException("The buffer was not made for this network.", name);

    // In one pass each value is read once: nobody may stand in two places.
    private void ThrowIfOneOf(CpuBuffer average, CpuBuffer gradient, CpuBuffer first, CpuBuffer second)
    {
        if (average == this || average == gradient || average == first || average == second)
        {
            throw new ArgumentException("An average is the parameters, their gradients or a moment; expected a buffer of its own.", nameof(average));
        }
    }

    private BufferWork Change()
    {
        Version++;
        return _owner.Work;
    }

    private Span<float> Part(long offset, int length)
    {
        if (offset < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The buffer has {Length} values; {length} from {offset} on are not all in it.");
        }

        return new(Pointer + offset, length);
    }
}
