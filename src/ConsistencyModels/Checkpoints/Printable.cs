using System.Text;

namespace ConsistencyModels.Checkpoints;

/// <summary>Text from files, made fit for a one-line message.</summary>
internal static class Printable
{
    private const int Longest = 120;

    /// <summary>The text in single quotes, control characters and lone surrogates replaced, cut after 120 characters.</summary>
    public static string Quote(string text)
    {
        var line = new StringBuilder("'");
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length > Longest)
            {
                line.Append("...");
                break;
            }

            line.Append(Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? "?" : rune.ToString());
        }

        return line.Append('\'').ToString();
    }

    /// <summary>A shape as PyTorch prints it: "[3, 3, 64, 64]"; cut after eight dimensions.</summary>
    public static string Shape(IReadOnlyList<long> shape) =>
        "[" + string.Join(", ", shape.Take(8)) + (shape.Count > 8 ? ", ..." : "") + "]";
}
