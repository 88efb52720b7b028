namespace ConsistencyModels.Cli;

/// <summary>Names and values in two columns.</summary>
internal static class TextLines
{
    /// <summary>Writes one pair per line.</summary>
    public static void Write(TextWriter output, IEnumerable<(string Name, string Value)> pairs)
    {
        var list = pairs.ToList();
        var width = list.Count == 0 ? 0 : list.Max(pair => pair.Name.Length) + 2;
        foreach (var (name, value) in list)
        {
            output.WriteLine($"{name.PadRight(width)}{value}".TrimEnd());
        }
    }
}
