using System.IO.Hashing;
using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cpu;

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
