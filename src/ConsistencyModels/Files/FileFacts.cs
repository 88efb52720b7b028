using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Files;

/// <summary>What the system says of a file. Times are nanoseconds since 1970.</summary>
/// <param name="Number">Which file it is.</param>
/// <param name="Length">Bytes in it.</param>
/// <param name="Birth">When it was made; 0 where that is not kept.</param>
/// <param name="Written">When it was last written; programs can set it.</param>
/// <param name="Changed">When contents or attributes last changed: the system's own, which on Linux and macOS no program can set.</param>
/// <param name="User">The owner's number; 0 on Windows.</param>
/// <param name="Group">The group's number; 0 on Windows.</param>
/// <param name="Mode">Type and permissions, as Unix has them; on Windows the type alone.</param>
internal readonly partial record struct FileFacts(FileNumber Number, long Length, long Birth, long Written, long Changed, uint User, uint Group, ushort Mode)
{
    /// <summary>The type of a file that holds bytes on a disk.</summary>
    public const ushort Regular = 0x8000;

    /// <summary>The type of a folder.</summary>
    public const ushort Folder = 0x4000;

    private const ushort TypeMask = 0xf000;

    /// <summary>The number of the user who runs this process, as far as files are concerned. Not on Windows.</summary>
    public static uint ThisUser => EffectiveUser();

    /// <summary>Whether it holds bytes on a disk.</summary>
    public bool IsRegular => (Mode & TypeMask) == Regular;

    /// <summary>Whether it is a pipe, a socket or a device: something with no content of its own that could be replaced.</summary>
    public bool IsSpecial => (Mode & TypeMask) is not (Regular or Folder);

    /// <summary>Of an open file; null where the system does not tell.</summary>
    public static FileFacts? Of(SafeFileHandle file) =>
        OperatingSystem.IsLinux() ? LinuxFiles.Ask(file)
        : OperatingSystem.IsMacOS() ? MacFiles.Ask(file)
        : OperatingSystem.IsWindows() ? WindowsFiles.Ask(file)
        : null;

    /// <summary>Of what lies at a path; null if nothing does or the system does not tell, as on Windows, where only open files are asked about.</summary>
    /// <param name="path">The path.</param>
    /// <param name="follow">Whether a link is followed.</param>
    public static FileFacts? Of(string path, bool follow) =>
        OperatingSystem.IsLinux() ? LinuxFiles.Ask(path, follow)
        : OperatingSystem.IsMacOS() ? MacFiles.Ask(path, follow)
        : null;

    /// <summary>Gives an open file to this owner, as far as the user may: others than root can at most change the group.</summary>
    public void Give(SafeFileHandle file)
    {
        if (Of(file) is { } now && (now.User != User || now.Group != Group) && ChangeOwner(file, User, Group) != 0)
        {
            _ = ChangeOwner(file, uint.MaxValue, Group);
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "fchown")]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);
}

/// <summary>A file's number on its device: the same for two names of one file.</summary>
/// <param name="Device">The device or volume.</param>
/// <param name="Value">The number on it.</param>
internal readonly record struct FileNumber(ulong Device, UInt128 Value);
