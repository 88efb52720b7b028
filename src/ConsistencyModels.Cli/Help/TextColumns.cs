namespace ConsistencyModels.Cli.Help;

/// <summary>Names and what they mean, in two columns that fit the screen.</summary>
/// <param name="output">Where to write.</param>
/// <param name="width">Characters in a line.</param>
internal sealed class TextColumns(TextWriter output, int width)
{
    private const int Indent = 2;
    private const int Gap = 2;

    // A longer name has its meaning below it, so that one long name does not push all others aside.
    private const int WidestName = 26;

    // A narrower second column is worse than none.
    private const int NarrowestText = 32;

    /// <summary>Writes pairs, one below the other.</summary>
    public void Write(IReadOnlyList<(string Name, string Text)> pairs)
    {
        var names = pairs.Select(pair => pair.Name.Length).Where(length => length <= WidestName).DefaultIfEmpty(0).Max();
        var start = Indent + names + Gap;
        var beside = width - start >= NarrowestText;
        if (!beside)
        {
            start = Indent * 3;
        }

        foreach (var (name, text) in pairs)
        {
            var lines = Wrap(text, width - start);
            var fits = beside && name.Length <= names;
            output.WriteLine($"{new string(' ', Indent)}{(fits && lines.Count > 0 ? $"{name.PadRight(names)}{new string(' ', Gap)}{lines[0]}" : name)}");
            foreach (var line in fits ? lines.Skip(1) : lines)
            {
                output.WriteLine($"{new string(' ', start)}{line}");
            }
        }
    }

    /// <summary>Writes a paragraph.</summary>
    public void Write(string text)
    {
        foreach (var line in Wrap(text, width))
        {
            output.WriteLine(line);
        }
    }

    /// <summary>Cuts a text between its words; a word that is longer than a line stays whole.</summary>
    public static List<string> Wrap(string text, int width)
    {
        List<string> lines = [];
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        if (line.Length > 0)
        {
            lines.Add(line);
        }

        return lines;
    }
}
