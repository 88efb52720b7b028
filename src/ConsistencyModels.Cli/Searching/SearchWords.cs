using ConsistencyModels.Evaluation.Pictures;

namespace ConsistencyModels.Cli.Searching;

/// <summary>The words of <c>cm search-steps</c>.</summary>
internal sealed record SearchWords
{
    /// <summary>The data set to come close to.</summary>
    public required string Reference { get; init; }

    /// <summary>Which of its pictures.</summary>
    public PictureSelection Selection { get; init; } = new();

    /// <summary>Classes to draw.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Network calls.</summary>
    public int Steps { get; init; }

    /// <summary>Whether levels of edits are looked for.</summary>
    public bool Edits { get; init; }

    /// <summary>Pictures for each candidate.</summary>
    public int Samples { get; init; }

    /// <summary>What is made small.</summary>
    public required string Metric { get; init; }

    /// <summary>Whose features; null for the default's.</summary>
    public string? Extractor { get; init; }

    /// <summary>Seed of the first picture.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether what is found goes into the model.</summary>
    public bool Write { get; init; }

    /// <summary>Whether it is printed as JSON.</summary>
    public bool Json { get; init; }
}

/// <summary>Lines about what was tried: at once where nobody watches, at the end where a bar is drawn meanwhile.</summary>
internal sealed class TriedLines(CliConsole console)
{
    private readonly List<string> _lines = [];

    /// <summary>Takes a line.</summary>
    public void Add(string line)
    {
        if (console.ErrorIsTerminal)
        {
            _lines.Add(line);
        }
        else
        {
            console.Error.WriteLine(line);
        }
    }

    /// <summary>Writes those that waited.</summary>
    public void Finish() => _lines.ForEach(console.Error.WriteLine);
}
