using System.Runtime.InteropServices;

namespace ConsistencyModels.Files;

/// <summary>A second name for a file.</summary>
internal static partial class HardLink
{
    /// <summary>Gives a file a second name; false where the file system has no such thing, or the name is taken.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The second name, in the same file system.</param>
    public static bool TryCreate(string file, string name)
    {
        try
        {
            return OperatingSystem.IsWindows() ? CreateHardLink(name, file, 0) : Link(file, name) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string file, string name);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string name, string file, nint security);
}
