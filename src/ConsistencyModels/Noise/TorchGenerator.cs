using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Noise;

/// <summary>
/// PyTorch's CPU generator: the same seed gives the same numbers as <c>torch.Generator("cpu")</c> in libtorch 2.10.
/// Integers, permutations and uniform numbers are equal bit for bit; normal ones to 1e-6, because the two sides compute
/// logarithms, sines and cosines with different approximations. Not safe for use by several threads at once.
/// </summary>
/// <example>
/// <code>
/// var noise = new TorchGenerator(seed: 1);
/// noise.Randn(x);
/// </code>
/// </example>
public sealed class TorchGenerator : INoiseGenerator
{
    private const float FloatStep = 1f / (1 << 24);
    private const double DoubleStep = 1.0 / (1L << 53);

    /// <summary>Ranges from here on are drawn with 64 bits; below, the bias of the remainder is small enough for PyTorch.</summary>
    private const ulong WideRange = 1ul << 28;

    private readonly MersenneTwister _engine;
    private double? _nextNormal;
    private float? _nextFloatNormal;

    /// <summary>A generator in the state after <c>manual_seed(seed)</c>.</summary>
    /// <param name="seed">Any value; the numbers depend on the lower 32 bits only, as PyTorch's do. A negative Python seed is its two's complement.</param>
    public TorchGenerator(ulong seed)
    {
        InitialSeed = seed;
        _engine = new MersenneTwister((uint)seed);
    }

    private TorchGenerator(TorchGenerator other)
    {
        InitialSeed = other.InitialSeed;
        _engine = other._engine.Clone();
        _nextNormal = other._nextNormal;
        _nextFloatNormal = other._nextFloatNormal;
    }

    /// <summary>A seed that nobody chose, of 32 bits as the numbers depend on no more: wherever none is given, it comes from here.</summary>
    public static ulong FreshSeed() => (ulong)Random.Shared.NextInt64(1L << 32);

    /// <summary>The seed last given, as <c>torch.Generator.initial_seed()</c>.</summary>
    public ulong InitialSeed { get; private set; }

    /// <summary>Starts over from a seed, forgetting a cached normal number: <c>torch.Generator.manual_seed</c>.</summary>
    /// <param name="seed">Any value; see the constructor.</param>
    public void ManualSeed(ulong seed)
    {
        InitialSeed = seed;
        _engine.Seed((uint)seed);
        _nextNormal = null;
        _nextFloatNormal = null;
    }

    /// <summary>An independent generator in the same state: both go on with the same numbers.</summary>
    public TorchGenerator Clone() => new(this);

    /// <summary>
    /// Standard normal numbers: <c>torch.randn</c> of a contiguous float32 tensor with as many elements. Note that two
    /// calls of n elements are not one call of 2n: PyTorch treats 16 elements and more as one block.
    /// </summary>
    /// <param name="destination">Receives the numbers; any length.</param>
    public void Randn(Span<float> destination)
    {
        if (destination.Length < BoxMuller.GroupLength)
        {
            foreach (ref var value in destination)
            {
                value = (float)NextNormal();
            }

            return;
        }

        Rand(destination);
        BoxMuller.Transform(destination);
        if (destination.Length % BoxMuller.GroupLength != 0)
        {
            // The last 16 are drawn anew, even those that a whole group has already given.
            var tail = destination[^BoxMuller.GroupLength..];
            Rand(tail);
            BoxMuller.Transform(tail);
        }
    }

    /// <summary>Standard normal numbers in double precision: <c>torch.randn(…, dtype=torch.float64)</c>, contiguous.</summary>
    /// <param name="destination">Receives the numbers; any length.</param>
    public void Randn(Span<double> destination)
    {
        if (destination.Length < BoxMuller.GroupLength)
        {
            foreach (ref var value in destination)
            {
                value = NextNormal();
            }

            return;
        }

        Rand(destination);
        BoxMuller.Transform(destination);
        if (destination.Length % BoxMuller.GroupLength != 0)
        {
            var tail = destination[^BoxMuller.GroupLength..];
            Rand(tail);
            BoxMuller.Transform(tail);
        }
    }

    /// <summary>As <see cref="Randn(Span{float})"/>: the batch is one tensor, whatever the number of images.</summary>
    /// <inheritdoc/>
    public void Randn(Span<float> batch, int images)
    {
        PerImageGenerator.ImageLength(batch.Length, images);
        Randn(batch);
    }

    /// <summary>Uniform numbers in [0, 1): <c>torch.rand</c>, float32.</summary>
    /// <param name="destination">Receives the numbers; any length.</param>
    public void Rand(Span<float> destination)
    {
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        _engine.Fill(bits);
        var mask = new Vector<int>((1 << 24) - 1);
        var words = MemoryMarshal.Cast<float, Vector<int>>(destination);
        var floats = MemoryMarshal.Cast<float, Vector<float>>(destination);
        for (var i = 0; i < words.Length; i++)
        {
            floats[i] = Vector.ConvertToSingle(words[i] & mask) * FloatStep;
        }

        for (var i = words.Length * Vector<int>.Count; i < bits.Length; i++)
        {
            destination[i] = (bits[i] & ((1 << 24) - 1)) * FloatStep;
        }
    }

    /// <summary>Uniform numbers in [0, 1): <c>torch.rand(…, dtype=torch.float64)</c>.</summary>
    /// <param name="destination">Receives the numbers; any length.</param>
    public void Rand(Span<double> destination)
    {
        foreach (ref var value in destination)
        {
            value = NextUniform();
        }
    }

    /// <summary>Uniform integers in [low, high): <c>torch.randint(low, high, …)</c>, int64.</summary>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">One more than the largest value.</param>
    /// <param name="destination">Receives the numbers; any length.</param>
    /// <exception cref="ArgumentException"><paramref name="high"/> is not above <paramref name="low"/>.</exception>
    public void RandInt(long low, long high, Span<long> destination)
    {
        if (high <= low)
        {
            throw new ArgumentException($"The range [{low}, {high}) is empty.", nameof(high));
        }

        var range = unchecked((ulong)high - (ulong)low);
        foreach (ref var value in destination)
        {
            var bits = range >= WideRange ? _engine.Draw64() : _engine.Draw();
            value = unchecked((long)(bits % range) + low);
        }
    }

    /// <summary>A random order of 0 … n-1: <c>torch.randperm(n)</c>.</summary>
    /// <param name="n">Number of elements, 0 to 214,748,363: from there on PyTorch uses another algorithm.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of that range.</exception>
    public int[] Randperm(int n)
    {
        const int Limit = (int)(uint.MaxValue / 20);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(n, Limit);
        var order = new int[n];
        for (var i = 0; i < n; i++)
        {
            order[i] = i;
        }

        for (var i = 0; i < n - 1; i++)
        {
            var j = i + (int)(_engine.Draw() % (uint)(n - i));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>The state in the 5,056 bytes of <c>torch.get_rng_state()</c>.</summary>
    public byte[] GetState() => TorchGeneratorState.Write(InitialSeed, _engine, _nextNormal, _nextFloatNormal);

    /// <summary>Continues from a state of <see cref="GetState"/> or <c>torch.get_rng_state()</c>.</summary>
    /// <param name="state">5,056 bytes.</param>
    /// <exception cref="ArgumentException">The bytes are not such a state; the generator is unchanged.</exception>
    public void SetState(ReadOnlySpan<byte> state) =>
        (InitialSeed, _nextNormal, _nextFloatNormal) = TorchGeneratorState.Read(state, _engine);

    private double NextUniform() => (_engine.Draw64() & ((1ul << 53) - 1)) * DoubleStep;

    /// <summary>One number of the path for short tensors, which keeps the second of each pair for later, even for another tensor.</summary>
    private double NextNormal()
    {
        if (_nextNormal is { } cached)
        {
            _nextNormal = null;
            return cached;
        }

        var angle = 2 * Math.PI * NextUniform();
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextUniform()));
        var (sin, cos) = Math.SinCos(angle);
        _nextNormal = radius * sin;
        return radius * cos;
    }
}

/// <summary>
/// Turns uniform numbers into normal ones in place, in groups of 16: the first eight give the radius, the last eight the
/// angle, and cosines and sines take their places. This is the grouping of PyTorch's CPU kernel.
/// </summary>
internal static class BoxMuller
{
    internal const int GroupLength = 16;
    private const int Half = GroupLength / 2;

    /// <summary>Transforms whole groups of numbers in [0, 1).</summary>
    internal static void Transform(Span<float> groups)
    {
        for (var i = 0; i + GroupLength <= groups.Length; i += GroupLength)
        {
            var group = groups.Slice(i, GroupLength);

            // 1 - u is exact (u is a multiple of 2^-24) and never 0. The angle is rounded to float32 as PyTorch's is:
            // half an ulp of 2π is more than the error of everything else here.
            var radius = Vector256.Sqrt(-2f * Vector256.Log(Vector256<float>.One - Vector256.Create<float>(group)));
            var (sin, cos) = Vector256.SinCos(2f * MathF.PI * Vector256.Create<float>(group[Half..]));
            (radius * cos).CopyTo(group);
            (radius * sin).CopyTo(group[Half..]);
        }
    }

    /// <summary>Transforms whole groups of numbers in [0, 1).</summary>
    internal static void Transform(Span<double> groups)
    {
        for (var i = 0; i + GroupLength <= groups.Length; i += GroupLength)
        {
            for (var j = i; j < i + Half; j++)
            {
                var radius = Math.Sqrt(-2 * Math.Log(1 - groups[j]));
                var (sin, cos) = Math.SinCos(2 * Math.PI * groups[j + Half]);
                groups[j] = radius * cos;
                groups[j + Half] = radius * sin;
            }
        }
    }
}

/// <summary>
/// MT19937 (Matsumoto and Nishimura, 1998), with the counters <see cref="Left"/> and <see cref="Next"/> of PyTorch's engine,
/// which its saved states contain.
/// </summary>
internal sealed class MersenneTwister
{
    internal const int StateLength = 624;
    private const int Shift = 397;
    private const uint MatrixA = 0x9908b0df;
    private const uint UpperMask = 0x80000000;
    private const uint LowerMask = 0x7fffffff;

    private readonly uint[] _state = new uint[StateLength];

    internal MersenneTwister(uint seed) => Seed(seed);

    /// <summary>The 624 words behind the numbers.</summary>
    internal Span<uint> State => _state;

    /// <summary>One more than the numbers left before the state must be renewed: 1 to 624.</summary>
    internal int Left { get; private set; }

    /// <summary>Index of the next word to use: 0 to 624.</summary>
    internal int Next { get; private set; }

    internal void Seed(uint seed)
    {
        _state[0] = seed;
        for (var i = 1; i < StateLength; i++)
        {
            var previous = _state[i - 1];
            _state[i] = (1812433253u * (previous ^ (previous >> 30))) + (uint)i;
        }

        Left = 1;
        Next = 0;
    }

    internal void Restore(ReadOnlySpan<uint> state, int left, int next)
    {
        state.CopyTo(_state);
        Left = left;
        Next = next;
    }

    internal MersenneTwister Clone()
    {
        var copy = new MersenneTwister(0);
        copy.Restore(_state, Left, Next);
        return copy;
    }

    internal uint Draw()
    {
        if (Left == 1)
        {
            Renew();
        }

        Left--;
        return Temper(_state[Next++]);
    }

    /// <summary>The next two numbers as one, the first in the upper half.</summary>
    internal ulong Draw64()
    {
        ulong upper = Draw();
        return (upper << 32) | Draw();
    }

    internal void Fill(Span<uint> destination)
    {
        while (!destination.IsEmpty)
        {
            if (Left == 1)
            {
                Renew();
            }

            var count = Math.Min(Left - 1, destination.Length);
            TemperInto(_state.AsSpan(Next, count), destination[..count]);
            Left -= count;
            Next += count;
            destination = destination[count..];
        }
    }

    private static void TemperInto(ReadOnlySpan<uint> words, Span<uint> destination)
    {
        var source = MemoryMarshal.Cast<uint, Vector<uint>>(words);
        var target = MemoryMarshal.Cast<uint, Vector<uint>>(destination);
        for (var i = 0; i < source.Length; i++)
        {
            var y = source[i];
            y ^= y >>> 11;
            y ^= (y << 7) & new Vector<uint>(0x9d2c5680);
            y ^= (y << 15) & new Vector<uint>(0xefc60000);
            target[i] = y ^ (y >>> 18);
        }

        for (var i = source.Length * Vector<uint>.Count; i < words.Length; i++)
        {
            destination[i] = Temper(words[i]);
        }
    }

    private static uint Temper(uint y)
    {
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    private static uint Twist(uint current, uint following)
    {
        var mixed = (current & UpperMask) | (following & LowerMask);
        return (mixed >> 1) ^ ((mixed & 1) * MatrixA);
    }

    private void Renew()
    {
        var s = _state;
        for (var i = 0; i < StateLength - Shift; i++)
        {
            s[i] = s[i + Shift] ^ Twist(s[i], s[i + 1]);
        }

        for (var i = StateLength - Shift; i < StateLength - 1; i++)
        {
            s[i] = s[i + Shift - StateLength] ^ Twist(s[i], s[i + 1]);
        }

        s[StateLength - 1] = s[Shift - 1] ^ Twist(s[StateLength - 1], s[0]);

        // One more than the words there are: the draw that follows takes one off, as PyTorch's engine counts.
        Left = StateLength + 1;
        Next = 0;
    }
}
