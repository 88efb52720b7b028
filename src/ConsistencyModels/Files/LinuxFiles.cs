using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static System.Buffers.Binary.BinaryPrimitives;

namespace ConsistencyModels.Files;

/// <summary>Linux's statx, whose answer is laid out alike on every architecture. A C library older than the call tells nothing.</summary>
internal static unsafe partial class LinuxFiles
{
    /// <summary>Bytes of an answer.</summary>
    public const int Size = 256;

    private const int WorkingFolder = -100;
    private const int AtEmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicAndBirth = 0xfff;

    /// <summary>Asks about an open file.</summary>
    public static FileFacts? Ask(SafeFileHandle file)
    {
        var held = false;
        try
        {
            file.DangerousAddRef(ref held);
            return Ask((int)file.DangerousGetHandle(), "", AtEmptyPath);
        }
        finally
        {
            if (held)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Asks about a path.</summary>
    public static FileFacts? Ask(string path, bool follow) => Ask(WorkingFolder, path, follow ? 0 : NoFollow);

    /// <summary>Reads an answer.</summary>
    public static FileFacts Parse(ReadOnlySpan<byte> answer) => new(
        new(ReadUInt64LittleEndian(answer[136..]), ReadUInt64LittleEndian(answer[32..])),
        ReadInt64LittleEndian(answer[40..]),
        Birth: Time(answer[80..]),
        Written: Time(answer[112..]),
        Changed: Time(answer[96..]),
        User: ReadUInt32LittleEndian(answer[20..]),
        Group: ReadUInt32LittleEndian(answer[24..]),
        Mode: ReadUInt16LittleEndian(answer[28..]));

    private static long Time(ReadOnlySpan<byte> at) => unchecked((ReadInt64LittleEndian(at) * 1_000_000_000) + ReadUInt32LittleEndian(at[8..]));

    private static FileFacts? Ask(int folder, string path, int flags)
    {
        var answer = stackalloc byte[Size];
        try
        {
            return Call(folder, path, flags, BasicAndBirth, answer) == 0 ? Parse(new(answer, Size)) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Call(int folder, string path, int flags, uint mask, byte* result);
}
