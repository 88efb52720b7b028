using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Files;

/// <summary>
/// By what a file is known again without reading it: device, number, length, and the times of its birth, last writing and last
/// change. The last one is the system's own: no program can set it back after writing.
/// </summary>
/// <param name="Digest">Hash of all of them.</param>
/// <param name="Changed">The time of the last change, of contents or attributes.</param>
internal readonly record struct FileIdentity(UInt128 Digest, DateTimeOffset Changed)
{
    /// <summary>The identity of an open file; null where the system does not tell (only Linux's statx is asked).</summary>
    public static FileIdentity? Of(SafeFileHandle file)
    {
        Span<byte> all = stackalloc byte[Statx.Size];
        if (!Statx.Read(file, all))
        {
            return null;
        }

        const int Number = 32, Birth = 80, Change = 96, Write = 112, Device = 136, Time = 12;
        var hash = new XxHash128();
        hash.Append(all.Slice(Number, 16)); // and length
        hash.Append(all.Slice(Birth, Time));
        hash.Append(all.Slice(Change, Time));
        hash.Append(all.Slice(Write, Time));
        hash.Append(all.Slice(Device, 8));
        return new FileIdentity(
            hash.GetCurrentHashAsUInt128(), DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64LittleEndian(all[Change..])).AddSeconds(1));
    }
}
