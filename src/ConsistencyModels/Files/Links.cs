using System.Runtime.InteropServices;

namespace ConsistencyModels.Files;

/// <summary>Symbolic links to files, and files that are none on a disk.</summary>
internal static unsafe partial class Links
{
    /// <summary>Whether a path is a file, or a link that leads to one. <see cref="File.Exists"/> is true of a link to nothing.</summary>
    public static bool LeadsToFile(string path)
    {
        try
        {
            return File.Exists(path) && Target(path) is not { Exists: false };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // a ring of links
        }
    }

    /// <summary>Where a link leads, at its end: also to a file that is yet to be made. The path itself, where it is no link.</summary>
    /// <exception cref="IOException">The links lead in a ring.</exception>
    public static string End(string path) =>
        new FileInfo(path).LinkTarget is null ? path : Target(path)?.FullName ?? path;

    /// <summary>Whether a path leads to a pipe, a device or a socket. Only Linux is asked; elsewhere the answer is no.</summary>
    public static bool LeadsToDevice(string path)
    {
        const int here = -100, type = 1, size = 256, modeAt = 28, kinds = 0xF000, regular = 0x8000, folder = 0x4000;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var status = stackalloc byte[size];
        try
        {
            return Statx(here, path, 0, type, status) == 0 && (*(ushort*)(status + modeAt) & kinds) is not (regular or folder);
        }
        catch (EntryPointNotFoundException)
        {
            return false; // a C library older than the call
        }
    }

    // Of the full path: .NET takes the target of a relative link in the current folder for one at the root.
    private static FileSystemInfo? Target(string path) => File.ResolveLinkTarget(Path.GetFullPath(path), returnFinalTarget: true);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte* result);
}
