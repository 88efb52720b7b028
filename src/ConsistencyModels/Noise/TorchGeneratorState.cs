using System.Buffers.Binary;

namespace ConsistencyModels.Noise;

/// <summary>
/// The byte layout of <c>torch.get_rng_state()</c>: a C struct of libtorch on a little-endian 64-bit machine. The words of
/// the twister take eight bytes each; the fields between hold what is left of an older generator.
/// </summary>
internal static class TorchGeneratorState
{
    internal const int Length = 5056;
    private const int SeedOffset = 0;
    private const int LeftOffset = 8;
    private const int SeededOffset = 12;
    private const int NextOffset = 16;
    private const int WordsOffset = 24;
    private const int NormalOffset = 5024;
    private const int NormalValidOffset = 5040;
    private const int FloatNormalOffset = 5048;
    private const int FloatNormalValidOffset = 5052;

    internal static byte[] Write(ulong seed, MersenneTwister engine, double? normal, float? floatNormal)
    {
        var bytes = new byte[Length];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteUInt64LittleEndian(span[SeedOffset..], seed);
        BinaryPrimitives.WriteInt32LittleEndian(span[LeftOffset..], engine.Left);
        BinaryPrimitives.WriteInt32LittleEndian(span[SeededOffset..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(span[NextOffset..], (ulong)engine.Next);
        for (var i = 0; i < MersenneTwister.StateLength; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(span[(WordsOffset + (8 * i))..], engine.State[i]);
        }

        if (normal is { } value)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(span[NormalOffset..], value);
            BinaryPrimitives.WriteInt32LittleEndian(span[NormalValidOffset..], 1);
        }

        if (floatNormal is { } floatValue)
        {
            BinaryPrimitives.WriteSingleLittleEndian(span[FloatNormalOffset..], floatValue);
            bytes[FloatNormalValidOffset] = 1;
        }

        return bytes;
    }

    internal static (ulong Seed, double? Normal, float? FloatNormal) Read(ReadOnlySpan<byte> bytes, MersenneTwister engine)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"A generator state has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        }

        var left = BinaryPrimitives.ReadInt32LittleEndian(bytes[LeftOffset..]);
        var seeded = BinaryPrimitives.ReadInt32LittleEndian(bytes[SeededOffset..]);
        var next = BinaryPrimitives.ReadUInt64LittleEndian(bytes[NextOffset..]);

        // Fresh from a seed nothing is drawn yet (left 1, next 0); from then on the two counters must agree.
        var consistent = (left == 1 && next == 0) || (next is >= 1 and <= MersenneTwister.StateLength && (ulong)left + next == MersenneTwister.StateLength + 1);
        if (seeded == 0 || left < 1 || !consistent)
        {
            throw new ArgumentException($"Not a generator state: seeded {seeded}, left {left}, next {next}.", nameof(bytes));
        }

        Span<uint> words = stackalloc uint[MersenneTwister.StateLength];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = (uint)BinaryPrimitives.ReadUInt64LittleEndian(bytes[(WordsOffset + (8 * i))..]);
        }

        engine.Restore(words, left, (int)next);
        return (
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[SeedOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[NormalValidOffset..]) != 0 ? BinaryPrimitives.ReadDoubleLittleEndian(bytes[NormalOffset..]) : null,
            bytes[FloatNormalValidOffset] != 0 ? BinaryPrimitives.ReadSingleLittleEndian(bytes[FloatNormalOffset..]) : null);
    }
}
