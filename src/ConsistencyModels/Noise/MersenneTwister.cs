using System.Numerics;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Noise;

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
