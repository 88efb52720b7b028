namespace ConsistencyModels.Cli;

/// <summary>
/// What the threads of this process are doing, where the system says it in files (Linux). Processor time alone does not tell a program that
/// waits for nobody knows what from one that waits for its turn on a busy machine, or for a disk.
/// </summary>
internal static class ThreadStates
{
    private const string Tasks = "/proc/self/task";

    /// <summary>Whether a thread other than the caller is running or would if it got a processor (R), or is waiting for a disk (D).</summary>
    /// <returns>False also where the system does not say.</returns>
    public static bool AnyAtWork()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            // The caller is one of those that run.
            return Directory.EnumerateDirectories(Tasks).Count(task => State(Path.Combine(task, "stat")) is 'R' or 'D') > 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // "12 (a name, which may hold blanks and brackets) S 1 ..."; a thread that has ended in the meantime has no file.
    private static char State(string file)
    {
        try
        {
            var text = File.ReadAllText(file);
            var end = text.LastIndexOf(')');
            return end >= 0 && end + 2 < text.Length ? text[end + 2] : ' ';
        }
        catch (IOException)
        {
            return ' ';
        }
    }
}
