
namespace ConsistencyModels.Cli;

/// <summary>Names and values in two columns.</summary>
internal static class TextLines
{
    private const int Longest = 1000;

    /// <summary>Writes one pair per line. Values may come from files: what would begin a line of its own does not.</summary>
    public static void Write(TextWriter output, IEnumerable<(string Name, string Value)> pairs)
    {
        var list = pairs.ToList();
        var width = list.Count == 0 ? 0 : list.Max(pair => pair.Name.Length) + 2;
        foreach (var (name, value) in list)
        {
            output.WriteLine($"{name.PadRight(width)}{Printable.Line(value, Longest)}".TrimEnd());
        }
    }
}
