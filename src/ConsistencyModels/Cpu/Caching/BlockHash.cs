using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Cpu;

/// <summary>
/// Hash of a large block of memory: XXH128 of the XXH128 of its pieces, so that all threads can take part. It finds damage; it is no
/// protection against someone who wants to deceive, who could write to the cache anyway.
/// </summary>
internal static unsafe class BlockHash
{
    private const int Piece = 4 << 20;

    /// <summary>Hashes a block.</summary>
    public static UInt128 Of(byte* start, long length, ParallelRunner? parallel)
    {
        var pieces = new UInt128[checked((int)((length + Piece - 1) / Piece))];
        void HashPiece(int i)
        {
            var first = (long)i * Piece;
            var size = (int)Math.Min(Piece, length - first);
            Pages.Populate(start + first, size);
            pieces[i] = XxHash128.HashToUInt128(new ReadOnlySpan<byte>(start + first, size));
        }

        if (parallel is null)
        {
            for (var i = 0; i < pieces.Length; i++)
            {
                HashPiece(i);
            }
        }
        else
        {
            parallel.For(pieces.Length, HashPiece);
        }

        return XxHash128.HashToUInt128(MemoryMarshal.AsBytes(pieces.AsSpan()));
    }
}
