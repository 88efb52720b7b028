using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Files;

/// <summary>
/// By what a file is known again without reading it: device, number, length, and the times of its birth, last writing and last
/// change. The last one is the system's own: no program can set it back after writing.
/// </summary>
/// <param name="Digest">Hash of all of them.</param>
/// <param name="Changed">The time of the last change, of contents or attributes.</param>
internal readonly unsafe partial record struct FileIdentity(UInt128 Digest, DateTimeOffset Changed)
{
    private const int Size = 256; // of struct statx, the same on every architecture
    private const int AtEmptyPath = 0x1000;
    private const uint BasicAndBirth = 0xfff;

    /// <summary>The identity of an open file; null where the system does not tell (only Linux's statx is asked).</summary>
    public static FileIdentity? Of(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var s = stackalloc byte[Size];
        new Span<byte>(s, Size).Clear();
        byte empty = 0;
        try
        {
            if (Statx(file, &empty, AtEmptyPath, BasicAndBirth, s) != 0)
            {
                return null;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return null; // a C library older than the call
        }

        var all = new ReadOnlySpan<byte>(s, Size);
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

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(SafeFileHandle folder, byte* path, int flags, uint mask, byte* result);
}
