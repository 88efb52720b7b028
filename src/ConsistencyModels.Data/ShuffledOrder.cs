using ConsistencyModels.Noise;

namespace ConsistencyModels.Data;

/// <summary>
/// The order in which a run sees its images: a new permutation each epoch, as a function of the seed and the position
/// alone. Nothing is carried from step to step, so a run resumes in the middle of an epoch where it left off. Not safe for use by
/// several threads at once.
/// </summary>
public sealed class ShuffledOrder
{
    private const ulong OrderStream = 1;

    private readonly int _count;
    private readonly ulong _seed;
    private int[] _order = [];
    private long _epoch = -1;

    /// <summary>An order over all images of a data set.</summary>
    /// <param name="count">How many images there are, 1 to 214,748,363.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of that range.</exception>
    public ShuffledOrder(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(count, (int)(uint.MaxValue / 20));
        _count = count;
        _seed = seed;
    }

    /// <summary>The image at a position of the endless sequence of epochs.</summary>
    /// <param name="position">Number of images before it, from 0.</param>
    /// <returns>An index, 0 to count - 1; each once in positions e · count to (e + 1) · count - 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    public int this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            (long epoch, long place) = Math.DivRem(position, _count);
            if (epoch != _epoch)
            {
                _order = new TorchGenerator(Mix(Mix(_seed, OrderStream), (ulong)epoch)).Randperm(_count);
                _epoch = epoch;
            }

            return _order[place];
        }
    }

    /// <summary>The images of a step; with several processes, the share of one of them.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="rank">Which process, 0 to <paramref name="world"/> - 1; its share of the global batch is a run of neighbours.</param>
    /// <param name="world">How many processes there are. All shares together are what one process would get.</param>
    /// <param name="indices">Receives the share; the global batch is <paramref name="world"/> times as long.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative, or there is no such rank.</exception>
    public void Fill(long step, int rank, int world, Span<int> indices)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(world, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, world);
        long first = checked(((step * world) + rank) * indices.Length);
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = this[first + i];
        }
    }

    // The finaliser of SplitMix64 (Steele et al. 2014): well spread seeds from consecutive numbers.
    private static ulong Mix(ulong seed, ulong value)
    {
        ulong x = seed + (0x9E3779B97F4A7C15 * (value + 1));
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
