namespace ConsistencyModels.Cli;

/// <summary>Words of a command line as a shell takes them.</summary>
internal static class ShellWord
{
    /// <summary>A word that can be copied into a shell.</summary>
    /// <param name="word">Any text.</param>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@".Contains(c)) ? word : $"'{word.Replace("'", "'\\''")}'";
}
