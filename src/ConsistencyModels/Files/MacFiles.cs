using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static System.Buffers.Binary.BinaryPrimitives;

namespace ConsistencyModels.Files;

/// <summary>macOS's stat, by Apple's sys/stat.h. On Intel the calls without a suffix have file numbers of 32 bits and another layout.</summary>
internal static unsafe partial class MacFiles
{
    /// <summary>Bytes of an answer.</summary>
    public const int Size = 144;

    private static bool Suffixed => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Asks about an open file.</summary>
    public static FileFacts? Ask(SafeFileHandle file)
    {
        var answer = stackalloc byte[Size];
        return (Suffixed ? OfOpen64(file, answer) : OfOpen(file, answer)) == 0 ? Parse(new(answer, Size)) : null;
    }

    /// <summary>Asks about a path.</summary>
    public static FileFacts? Ask(string path, bool follow)
    {
        var answer = stackalloc byte[Size];
        var result = (follow, Suffixed) switch
        {
            (true, true) => OfTarget64(path, answer),
            (true, false) => OfTarget(path, answer),
            (false, true) => OfLink64(path, answer),
            (false, false) => OfLink(path, answer),
        };
        return result == 0 ? Parse(new(answer, Size)) : null;
    }

    /// <summary>Reads an answer.</summary>
    public static FileFacts Parse(ReadOnlySpan<byte> answer) => new(
        new(ReadUInt32LittleEndian(answer), ReadUInt64LittleEndian(answer[8..])),
        ReadInt64LittleEndian(answer[96..]),
        Birth: Time(answer[80..]),
        Written: Time(answer[48..]),
        Changed: Time(answer[64..]),
        User: ReadUInt32LittleEndian(answer[16..]),
        Group: ReadUInt32LittleEndian(answer[20..]),
        Mode: ReadUInt16LittleEndian(answer[4..]));

    private static long Time(ReadOnlySpan<byte> at) => unchecked((ReadInt64LittleEndian(at) * 1_000_000_000) + ReadInt64LittleEndian(at[8..]));

    [LibraryImport("libc", EntryPoint = "fstat")]
    private static partial int OfOpen(SafeFileHandle file, byte* result);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64")]
    private static partial int OfOpen64(SafeFileHandle file, byte* result);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OfTarget(string path, byte* result);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OfTarget64(string path, byte* result);

    [LibraryImport("libc", EntryPoint = "lstat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OfLink(string path, byte* result);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OfLink64(string path, byte* result);
}
