using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Files;

/// <summary>Linux's statx, whose answer is laid out alike on every architecture. Elsewhere, and where the C library has no such call, nothing is told.</summary>
internal static unsafe partial class Statx
{
    /// <summary>Bytes of an answer.</summary>
    public const int Size = 256;

    private const int WorkingFolder = -100;
    private const int AtEmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint BasicAndBirth = 0xfff;

    /// <summary>Asks about an open file.</summary>
    public static bool Read(SafeFileHandle file, Span<byte> answer)
    {
        var held = false;
        try
        {
            file.DangerousAddRef(ref held);
            return Ask((int)file.DangerousGetHandle(), "", AtEmptyPath, answer);
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
    /// <param name="path">The path.</param>
    /// <param name="follow">Whether a link is followed.</param>
    /// <param name="answer">Receives the answer, <see cref="Size"/> bytes.</param>
    public static bool Read(string path, bool follow, Span<byte> answer) => Ask(WorkingFolder, path, follow ? 0 : NoFollow, answer);

    private static bool Ask(int folder, string path, int flags, Span<byte> answer)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        answer[..Size].Clear();
        try
        {
            fixed (byte* to = answer)
            {
                return Call(folder, path, flags, BasicAndBirth, to) == 0;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return false; // a C library older than the call
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Call(int folder, string path, int flags, uint mask, byte* result);
}

/// <summary>Who owns a file and what it is, as Linux tells it.</summary>
/// <param name="User">The owner's number.</param>
/// <param name="Group">The group's number.</param>
/// <param name="Mode">Type and permissions.</param>
/// <param name="Number">Device and number: the same for two names of one file.</param>
internal readonly partial record struct FileOwner(uint User, uint Group, ushort Mode, UInt128 Number)
{
    private const int TypeMask = 0xf000;
    private const int Regular = 0x8000;
    private const int Folder = 0x4000;

    /// <summary>The number of the user who runs this process, as far as files are concerned.</summary>
    public static uint ThisUser => EffectiveUser();

    /// <summary>Whether it holds bytes on a disk.</summary>
    public bool IsRegular => (Mode & TypeMask) == Regular;

    /// <summary>Whether it is a pipe, a socket or a device: something with no content of its own that could be replaced.</summary>
    public bool IsSpecial => (Mode & TypeMask) is not (Regular or Folder);

    /// <summary>Of an open file; null where the system does not tell.</summary>
    public static FileOwner? Of(SafeFileHandle file)
    {
        Span<byte> answer = stackalloc byte[Statx.Size];
        return Statx.Read(file, answer) ? Parse(answer) : null;
    }

    /// <summary>Of what lies at a path; null if nothing does or the system does not tell.</summary>
    public static FileOwner? Of(string path, bool follow)
    {
        Span<byte> answer = stackalloc byte[Statx.Size];
        return Statx.Read(path, follow, answer) ? Parse(answer) : null;
    }

    /// <summary>Gives an open file to this owner, as far as the user may: others than root can at most change the group.</summary>
    public void Give(SafeFileHandle file)
    {
        if (Of(file) is { } now && (now.User != User || now.Group != Group) && ChangeOwner(file, User, Group) != 0)
        {
            _ = ChangeOwner(file, uint.MaxValue, Group);
        }
    }

    private static FileOwner Parse(ReadOnlySpan<byte> answer) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(answer[20..]),
        BinaryPrimitives.ReadUInt32LittleEndian(answer[24..]),
        BinaryPrimitives.ReadUInt16LittleEndian(answer[28..]),
        new UInt128(BinaryPrimitives.ReadUInt64LittleEndian(answer[136..]), BinaryPrimitives.ReadUInt64LittleEndian(answer[32..])));

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "fchown")]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);
}
