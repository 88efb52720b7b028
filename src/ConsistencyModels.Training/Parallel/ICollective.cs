using System.Buffers;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Parallel;

/// <summary>Processes that train one network together. Every one of them makes the same calls in the same order.</summary>
public interface ICollective
{
    /// <summary>This process's number, from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes there are, at least 1.</summary>
    int Count { get; }

    /// <summary>Replaces values by their sums over all processes.</summary>
    /// <param name="values">As many in every process.</param>
    void Sum(Span<float> values);

    /// <summary>Replaces values by their sums over all processes.</summary>
    /// <param name="values">As many in every process.</param>
    void Sum(Span<double> values);

    /// <summary>Replaces values by those of process 0.</summary>
    /// <param name="values">As many in every process.</param>
    void Broadcast(Span<float> values);
}

/// <summary>A process on its own: nothing to add, nothing to wait for.</summary>
public sealed class SingleProcess : ICollective
{
    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
    }

    /// <inheritdoc/>
    public void Broadcast(Span<float> values)
    {
    }
}

/// <summary>The same on flat buffers of an engine, a bucket at a time, and on what processes decide together.</summary>
public static class CollectiveBuffers
{
    // 4 MB stay in the cache while they are copied and summed (docs/decisions/0017-mpi.md).
    private const int Bucket = 1 << 20;

    /// <summary>Replaces a buffer by its sum over all processes.</summary>
    /// <param name="collective">The processes.</param>
    /// <param name="buffer">The buffer.</param>
    public static void Sum(this ICollective collective, IParameterBuffer buffer) => Each(collective, buffer, static (all, values) => all.Sum(values));

    /// <summary>Replaces a buffer by that of process 0.</summary>
    /// <param name="collective">The processes.</param>
    /// <param name="buffer">The buffer.</param>
    public static void Broadcast(this ICollective collective, IParameterBuffer buffer) => Each(collective, buffer, static (all, values) => all.Broadcast(values));

    /// <summary>
    /// Whether something is so in any process, told to all of them: that a run was cancelled, or that process 0's clock says it is time to
    /// save. What one process decides for itself, the others do not know; they would wait for it in the next sum.
    /// </summary>
    /// <param name="collective">The processes.</param>
    /// <param name="here">Whether it is so in this one.</param>
    public static bool Any(this ICollective collective, bool here)
    {
        ArgumentNullException.ThrowIfNull(collective);
        Span<double> found = [here ? 1 : 0];
        collective.Sum(found);
        return found[0] > 0;
    }

    private static void Each(ICollective collective, IParameterBuffer buffer, BucketAction action)
    {
        ArgumentNullException.ThrowIfNull(collective);
        ArgumentNullException.ThrowIfNull(buffer);
        if (collective.Count == 1)
        {
            return;
        }

        var bucket = ArrayPool<float>.Shared.Rent((int)Math.Min(Bucket, buffer.Length));
        try
        {
            for (long done = 0; done < buffer.Length; done += Bucket)
            {
                var values = bucket.AsSpan(0, (int)Math.Min(Bucket, buffer.Length - done));
                buffer.Read(done, values);
                action(collective, values);
                buffer.Write(done, values);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(bucket);
        }
    }

    private delegate void BucketAction(ICollective collective, Span<float> values);
}
