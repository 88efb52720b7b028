using System.Text;

namespace ConsistencyModels.Files;

/// <summary>Text from files, made fit for a one-line message.</summary>
internal static class Printable
{
    /// <summary>A name in single quotes, fit for one line and cut after 120 characters.</summary>
    public static string Quote(string text) => $"'{Line(text, 120)}'";

    /// <summary>
    /// Text on one line, cut where it gets long: control characters and lone surrogates are replaced. Also for the
    /// messages of parsers, which quote what they stumbled over.
    /// </summary>
    public static string Line(string text, int longest = 240)
    {
        var line = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length >= longest)
            {
                line.Append("...");
                break;
            }

            line.Append(Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? "?" : rune.ToString());
        }

        return line.ToString();
    }

    /// <summary>A shape as PyTorch prints it: "[3, 3, 64, 64]"; cut after eight dimensions.</summary>
    public static string Shape(IReadOnlyList<long> shape) =>
        "[" + string.Join(", ", shape.Take(8)) + (shape.Count > 8 ? ", ..." : "") + "]";
}
