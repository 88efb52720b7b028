using System.Text.RegularExpressions;

namespace ConsistencyModels.Cli.Tests.Examples;

/// <summary>Every example works: the cheap ones as they stand, the others on small models and for a few steps.</summary>
public sealed partial class ExampleTests(ExampleFolder folder) : IClassFixture<ExampleFolder>
{
    // Each with the reason.
    private static readonly (string Part, string Why)[] NotRun =
    [
        ("--device cuda", "needs a GPU"),
        ("--reference crawl-tiles.zip", "the card's own command, of a data set that is not here; another example makes a card"),
        ("cm download ", "asks the Hub; DownloadProcessTests has one of its own"),
        ("inception", "needs the weights of the Inception network"),
        ("lpips_weights=", "needs torchvision's weights"),
        ("runs/cd2/model", "names a run that is not there; converting is among the others"),
        ("cm (ConsistencyModels.Cli)", "a drawing"),
        ("cm models remove ", "ModelsTests removes what it made"),
        ("--help", "shown by HelpTests"),
        ("curl ", "asks a server; the server's own tests do"),
        ("cm doctor", "its exit code says what is wrong with the machine; HelpTests runs it"),
    ];

    public static TheoryData<string, string> Runnable =>
        [.. ExampleLines.All.Where(example => !NotRun.Any(not => example.Line.Contains(not.Part, StringComparison.Ordinal)))];

    [Theory]
    [MemberData(nameof(Runnable))]
    public async Task It_runs(string where, string line)
    {
        var result = line.StartsWith("cm serve", StringComparison.Ordinal) ? await folder.Serve(Small(line)) : await folder.Run(Small(line));
        Assert.True(result.Code == 0, $"{where}: {line}\n{Small(line)}\n{result.Error}");
    }

    [Fact]
    public void Every_reason_not_to_run_one_is_used() =>
        Assert.All(NotRun, not => Assert.Contains(ExampleLines.All, example => example.Line.Contains(not.Part, StringComparison.Ordinal)));

    [Fact]
    public void There_are_examples_of_every_command_and_document()
    {
        Assert.True(ExampleLines.All.Count > 60, $"{ExampleLines.All.Count} examples");
        foreach (var file in (string[])["README.md", "docs/training.md", "docs/editing.md", "docs/checkpoints.md", "docs/export.md", "docs/evaluation.md", "docs/serving.md"])
        {
            Assert.Contains(ExampleLines.All, example => example.Where == file);
        }
    }

    // What takes long is made short without touching the rest of the line.
    private static string Small(string line)
    {
        if (line.Contains("cm train ", StringComparison.Ordinal))
        {
            line = Replaced(Replaced(line, "--images", "16"), "--batch", "8");
            line += line.Contains("--dry-run", StringComparison.Ordinal) ? "" : " --dry-run";
        }

        if (line.Contains("cm search-steps", StringComparison.Ordinal))
        {
            line = Replaced(line, "--samples", "4");
        }

        if (line.Contains("cm evaluate", StringComparison.Ordinal) || line.Contains("cm sample-npz", StringComparison.Ordinal) || line.Contains("cm card", StringComparison.Ordinal))
        {
            line = line.Contains("--repeat", StringComparison.Ordinal) ? line : Replaced(line, "-n", "12");
        }

        if (line.StartsWith("cm serve", StringComparison.Ordinal))
        {
            return Replaced(line, "--port", "0").Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        }

        // One example's result is in another's way.
        line = Writing().Replace(Published().Replace(line, "cm new config.json"), "$0 --force");
        return line.Contains("cm bench", StringComparison.Ordinal) ? $"{line} --rounds 1" : line;
    }

    private static string Replaced(string line, string option, string value) =>
        line.Contains($"{option} ", StringComparison.Ordinal) ? Regex.Replace(line, $"{option} \\S+", $"{option} {value}") : $"{line} {option} {value}";

    [GeneratedRegex("cm (convert|new|card|export onnx)")]
    private static partial Regex Writing();

    [GeneratedRegex("cm new (imagenet64|lsun256|base64)")]
    private static partial Regex Published();
}
