using System.Text;

namespace ConsistencyModels;

/// <summary>Text from files, made fit for a one-line message.</summary>
public static class Printable
{
    private const int LongestMessage = 2000;

    /// <summary>Whether a terminal may obey a character, or a reader be misled by it: control characters, other line ends, and what reverses the order of text.</summary>
    public static bool IsCommand(char value) => char.IsControl(value) || value is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    /// <summary>A whole message on one line; of a very long one the middle is left out, since it says at its beginning where and at its end what.</summary>
    internal static string Message(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= LongestMessage && !text.Any(IsCommand))
        {
            return text;
        }

        var line = Line(text.ReplaceLineEndings(" "), text.Length);
        const int Half = (LongestMessage - 5) / 2;
        return line.Length <= LongestMessage ? line : $"{line[..Half].TrimEnd()} ... {line[^Half..].TrimStart()}";
    }

    /// <summary>A name in single quotes, fit for one line and cut after 120 characters.</summary>
    /// <param name="text">The name.</param>
    public static string Quote(string text) => $"'{Line(text, 120)}'";

    /// <summary>
    /// Text on one line, cut where it gets long: control characters and lone surrogates are replaced. Also for the
    /// messages of parsers, which quote what they stumbled over.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="longest">Most characters before it is cut.</param>
    public static string Line(string text, int longest = 240)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length >= longest)
            {
                line.Append("...");
                break;
            }

            line.Append(rune.IsBmp && IsCommand((char)rune.Value) ? "?" : rune.ToString());
        }

        return line.ToString();
    }

    /// <summary>A shape as PyTorch prints it: "[3, 3, 64, 64]"; cut after eight dimensions.</summary>
    internal static string Shape(IReadOnlyList<long> shape) =>
        "[" + string.Join(", ", shape.Take(8)) + (shape.Count > 8 ? ", ..." : "") + "]";
}
