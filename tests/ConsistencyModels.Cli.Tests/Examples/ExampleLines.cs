using System.CommandLine;
using System.Text.RegularExpressions;
using ConsistencyModels.Cli.Help;

namespace ConsistencyModels.Cli.Tests.Examples;

/// <summary>Every command line that the help pages, the README and the documents show.</summary>
internal static partial class ExampleLines
{
    // What a line of a document begins with where it is one to copy.
    private const string Program = "cm ";
    private const string FromSource = "dotnet run -c Release --project src/ConsistencyModels.Cli -- ";

    /// <summary>Where it is shown, and the line without its comment.</summary>
    public static IReadOnlyList<(string Where, string Line)> All { get; } = [.. OfHelp().Concat(OfDocuments()).DistinctBy(example => example.Line)];

    /// <summary>Those of a document, in its order.</summary>
    /// <param name="document">Its path below the repository's root.</param>
    public static IEnumerable<string> In(string document) => LinesOf(RepositoryFiles.Path(document));

    private static IEnumerable<(string Where, string Line)> OfHelp() =>
        Commands(new CommandLineApp(new CliConsole(TextWriter.Null, TextWriter.Null, ErrorIsTerminal: false)).Root([]))
            .SelectMany(command => HelpPage.ExamplesOf(command).Select(line => (CommandPath.Of(command), Example.Of(line).Command)));

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    private static IEnumerable<(string Where, string Line)> OfDocuments()
    {
        var root = RepositoryFiles.Path();
        string[] files =
        [
            Path.Combine(root, "README.md"),
            .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md"),
            .. Directory.EnumerateFiles(Path.Combine(root, "models"), "*.md", SearchOption.AllDirectories),
        ];
        return files.SelectMany(file => LinesOf(file).Select(line => (Path.GetRelativePath(root, file), line)));
    }

    private static IEnumerable<string> LinesOf(string file) => CodeLines(File.ReadAllLines(file))
        .Select(text => text.StartsWith(FromSource, StringComparison.Ordinal) ? Program + text[FromSource.Length..] : text)
        .Where(line => line.StartsWith(Program, StringComparison.Ordinal))
        .Select(line => Example.Of(line).Command);

    // Fenced or indented by four; a line that ends in \ goes on in the next.
    private static IEnumerable<string> CodeLines(string[] lines)
    {
        var (fenced, begun) = (false, "");
        foreach (var line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                fenced = !fenced;
            }
            else if (fenced || Indented().IsMatch(line))
            {
                begun += line.Trim();
                if (begun.EndsWith('\\'))
                {
                    begun = begun[..^1];
                    continue;
                }

                yield return begun;
                begun = "";
            }
        }
    }

    [GeneratedRegex("^    [a-z]")]
    private static partial Regex Indented();
}
