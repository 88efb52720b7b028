using System.Text;

namespace ConsistencyModels.Data.Sources;

/// <summary>Text from files, made fit for a one-line message.</summary>
internal static class FileText
{
    /// <summary>A name in single quotes.</summary>
    public static string Quote(string text) => $"'{Line(text, 120)}'";

    /// <summary>Text on one line, cut where it gets long, without control characters.</summary>
    public static string Line(string text, int longest = 240)
    {
        StringBuilder line = new();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, longest)))
        {
            line.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? '?' : c);
        }

        return text.Length > longest ? line.Append("...").ToString() : line.ToString();
    }
}
