using System.Globalization;
using System.Text;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Evaluation.Runs;

namespace ConsistencyModels.Cli.Cards;

/// <summary>One line of the table of numbers.</summary>
/// <param name="File">Name of its manifest.</param>
/// <param name="What">What was measured, in words.</param>
/// <param name="Evaluations">Calls of the network for a picture; null where no network draws.</param>
/// <param name="Manifest">The numbers.</param>
internal sealed record CardRow(string File, string What, int? Evaluations, EvaluationManifest Manifest);

/// <summary>A picture of the card.</summary>
/// <param name="File">Its name.</param>
/// <param name="What">What it shows.</param>
internal sealed record CardPicture(string File, string What);

/// <summary>Everything that a card says.</summary>
internal sealed record ModelCard
{
    private const double PartOfNewPictures = 0.01;

    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>What the model is, in a sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Names of its classes.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Licence of the weights.</summary>
    public string? License { get; init; }

    /// <summary>Where the pictures come from and under which licence.</summary>
    public string? DataLicense { get; init; }

    /// <summary>Words of the author.</summary>
    public string? About { get; init; }

    /// <summary>The numbers, the model in one step first.</summary>
    public required IReadOnlyList<CardRow> Rows { get; init; }

    /// <summary>The runs that made it, in their order.</summary>
    public IReadOnlyList<RunFacts> Runs { get; init; } = [];

    /// <summary>What it draws.</summary>
    public IReadOnlyList<CardPicture> Samples { get; init; } = [];

    /// <summary>Samples beside what is nearest to them; null where the reference has no pictures.</summary>
    public CardPicture? Nearest { get; init; }

    /// <summary>The command that made the card.</summary>
    public required string Command { get; init; }

    /// <summary>As Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("---\n");
        if (License is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"license: {License.ToLowerInvariant()}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"library_name: diffusers\npipeline_tag: unconditional-image-generation\ntags:\n- consistency-model\n---\n# {Name}\n\n{Summary}\n");
        foreach (var picture in Samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n![{picture.What}](card/{picture.File})\n\n{picture.What}.\n");
        }

        if (Classes.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nA column is a class: {string.Join(", ", Classes)}.\n");
        }

        if (About is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{About.Trim()}\n");
        }

        Numbers(text);
        Memorisation(text);
        Data(text);
        Making(text);
        text.Append(CultureInfo.InvariantCulture, $"\nThis card was made by\n\n```sh\n{Command}\n```\n");
        return text.ToString();
    }

    private void Numbers(StringBuilder text)
    {
        var first = Rows[0].Manifest;
        string[] columns = [.. first.Results.Select(result => result.Name).Where(name => !name.StartsWith("nearest", StringComparison.Ordinal) && !name.StartsWith("closer", StringComparison.Ordinal))];
        text.Append("\n## Numbers\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| what | network calls | {string.Join(" | ", columns)} | samples |\n|---|{string.Concat(Enumerable.Repeat("---|", columns.Length + 2))}\n");
        foreach (var row in Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| [{row.What}](card/{row.File}) | {row.Evaluations?.ToString(CultureInfo.InvariantCulture) ?? "-"} | ");
            text.AppendJoin(" | ", columns.Select(name => row.Manifest.Results.FirstOrDefault(result => result.Name == name) is { } result ? EvaluateReport.Values(result) : "-"));
            text.Append(CultureInfo.InvariantCulture, $" | {row.Manifest.Samples.Count} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nAgainst {first.Reference.Count} pictures of {System.IO.Path.GetFileName(first.Reference.Path)}; extractor {first.Extractor.Name}, SHA-256 {first.Extractor.Sha256[..16]}; {first.Processor}. ");
        text.Append(CultureInfo.InvariantCulture, $"FD and KID: lower is better. Each line once more, to the last digit on the same kind of machine: `cm evaluate --repeat card/{Rows[0].File}`.\n");
        if (first.Samples.ClassesOf is not null)
        {
            text.Append("\nClasses are drawn as often as the reference has them.\n");
        }

        foreach (var warning in Rows.SelectMany(row => row.Manifest.Warnings).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"\nNote: {warning}.\n");
        }
    }

    private void Memorisation(StringBuilder text)
    {
        var results = Rows[0].Manifest.Results;
        if (results.FirstOrDefault(result => result.Name.StartsWith("closer", StringComparison.Ordinal)) is not { } closer)
        {
            return;
        }

        var (own, among) = (results.First(result => result.Name.StartsWith("nearest-", StringComparison.Ordinal) && !result.Name.StartsWith("nearest-within", StringComparison.Ordinal)), results.First(result => result.Name.StartsWith("nearest-within", StringComparison.Ordinal)));
        text.Append("\n## Near copies of the training data\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{closer.Value:P1} of the samples ({Rows[0].What}) are closer to a picture of the reference than 99 of 100 of its pictures are to theirs; of new pictures it would be {PartOfNewPictures:P0}. ");
        text.Append(CultureInfo.InvariantCulture, $"The middle sample is {own.Value:G3} from its nearest picture, pictures of the reference {among.Value:G3}. ");
        text.Append(closer.Value > 10 * PartOfNewPictures ? "Many samples are near copies.\n" : closer.Value > 3 * PartOfNewPictures ? "Some samples are near copies.\n" : "No sign of copies.\n");
        if (Nearest is { } picture)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n![{picture.What}](card/{picture.File})\n\n{picture.What}.\n");
        }
    }

    private void Data(StringBuilder text)
    {
        var reference = Rows[0].Manifest.Reference;
        text.Append(CultureInfo.InvariantCulture, $"\n## Data\n\n{(DataLicense is null ? "" : DataLicense.TrimEnd('.') + ".\n\n")}{reference.Count} pictures, fingerprint {reference.Hash[..Math.Min(16, reference.Hash.Length)]}.");
        text.Append(reference.Pictures.ClassMap is { } map ? $" Folders of the classes, as a file for `--classes` has them:\n\n```\n{map.Replace(',', '\n')}\n```\n" : "\n");
    }

    private void Making(StringBuilder text)
    {
        if (Runs.Count == 0)
        {
            return;
        }

        text.Append("\n## How it was made\n\n| objective | images seen | batch | optimizer | time | machine |\n|---|---|---|---|---|---|\n");
        foreach (var run in Runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {run.Objective} | {Sizes.Count(run.Images)} | {run.Batch} | {run.Optimizer} | {(run.Time == TimeSpan.Zero ? "-" : Sizes.Time(run.Time))} | {run.Machine} |\n");
        }

        if (Runs.Any(run => run.Command is not null))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n```sh\n{string.Join('\n', Runs.Select(run => run.Command).OfType<string>())}\n```\n");
        }
    }
}
