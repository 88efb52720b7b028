namespace ConsistencyModels.Cli;

/// <summary>Whether two words of a command line mean one file.</summary>
internal static class SamePath
{
    /// <summary>Compared as the system compares names: on Windows and macOS "A" and "a" are one, on most disks.</summary>
    public static bool Of(string one, string other) => Of(one, other, ignoresCase: OperatingSystem.IsWindows() || OperatingSystem.IsMacOS());

    /// <summary>The same for a system that does or does not tell capitals from small letters.</summary>
    public static bool Of(string one, string other, bool ignoresCase) => string.Equals(
        Full(one), Full(other), ignoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    private static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
