using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Files;

namespace ConsistencyModels.Cpu.Caching;

/// <summary>
/// Hash of a large block of memory: XXH128 of the XXH128 of its pieces, so that all threads can take part. It finds damage; it is no
/// protection against someone who wants to deceive, who could write to the cache anyway.
/// </summary>
internal sealed unsafe class BlockHash
{
    private const int Piece = 4 << 20;

    private readonly XxHash128 _piece = new();
    private readonly List<UInt128> _pieces = [];
    private int _length;

    /// <summary>Hashes a block that lies in memory.</summary>
    public static UInt128 Of(byte* start, long length, ParallelRunner parallel)
    {
        var pieces = new UInt128[checked((int)((length + Piece - 1) / Piece))];
        parallel.For(pieces.Length, i =>
        {
            var first = (long)i * Piece;
            var size = (int)Math.Min(Piece, length - first);
            Pages.Populate(start + first, size);
            pieces[i] = XxHash128.HashToUInt128(new ReadOnlySpan<byte>(start + first, size));
        });
        return OfPieces(pieces);
    }

    /// <summary>Hashes what follows, for a block that comes in parts of any size.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, Piece - _length);
            _piece.Append(bytes[..count]);
            bytes = bytes[count..];
            _length += count;
            if (_length == Piece)
            {
                EndPiece();
            }
        }
    }

    /// <summary>The hash of all parts; nothing may follow.</summary>
    public UInt128 Finish()
    {
        if (_length > 0)
        {
            EndPiece();
        }

        return OfPieces(CollectionsMarshal.AsSpan(_pieces));
    }

    private static UInt128 OfPieces(ReadOnlySpan<UInt128> pieces) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(pieces));

    private void EndPiece()
    {
        _pieces.Add(_piece.GetCurrentHashAsUInt128());
        _piece.Reset();
        _length = 0;
    }
}

/// <summary>Hash of the contents of a checkpoint's tensors.</summary>
internal static unsafe class SourceHash
{
    /// <summary>Hashes the tensors' bytes in the order of the names.</summary>
    public static UInt128 Of(ITensorSource source, IReadOnlyList<string> names, ParallelRunner parallel)
    {
        var hashes = new UInt128[names.Count];
        parallel.For(names.Count, i =>
        {
            var bytes = source.Bytes(names[i]);
            fixed (byte* start = bytes)
            {
                Pages.Populate(start, bytes.Length);
                hashes[i] = XxHash128.HashToUInt128(bytes);
            }

            source.Release(names[i]);
        });
        return XxHash128.HashToUInt128(MemoryMarshal.AsBytes(hashes.AsSpan()));
    }
}

/// <summary>Hash of several texts, which cannot be confused by being cut elsewhere.</summary>
internal static class TextHash
{
    /// <summary>Hashes them in order.</summary>
    public static UInt128 Of(params ReadOnlySpan<string> texts)
    {
        var hash = new XxHash128();
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }

        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>A hash as it appears in file names.</summary>
    public static string Name(UInt128 hash) => hash.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
