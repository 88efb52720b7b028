using System.Net;
using System.Text.RegularExpressions;
using ConsistencyModels.Cli.Tests.Processes;

namespace ConsistencyModels.Cli.Tests.Examples;

/// <summary>
/// The C# of the README, the documents, the packages' pages and the examples in the code is compiled and run: tests/ConsistencyModels.Snippets has
/// it line by line.
/// </summary>
public sealed partial class SnippetTests(ExampleFolder folder) : IClassFixture<ExampleFolder>
{
    private const string NeedsGpu = "TorchPackage";

    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "ConsistencyModels.Snippets");

    public static TheoryData<string, string> Blocks =>
    [
        .. Documents().SelectMany(file => Csharp().Matches(File.ReadAllText(file)).Select(match => (Name(file), match.Groups[1].Value))),
        .. Examples().Select(example => (Name(example.File), example.Code)),
    ];

    // The second reads what the first wrote.
    public static TheoryData<string[]> Names =>
    [
        .. Sources().Select(Path.GetFileNameWithoutExtension).Where(name => name is not ("Program" or "Exporting" or "InOnnxRuntime" or NeedsGpu)).Select(name => (string[])[name!]),
        (string[])["Exporting", "InOnnxRuntime"],
    ];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Every_block_is_compiled(string where, string block)
    {
        var lines = Lines(block).ToLookup(line => Using().IsMatch(line));
        var found = Sources().Any(source =>
        {
            var there = Lines(File.ReadAllText(source)).ToList();
            return lines[true].All(there.Contains) && Holds(there, [.. lines[false]]);
        });
        Assert.True(found, $"{where}: tests/ConsistencyModels.Snippets has no class with these lines:\n{block}");
    }

    [Fact]
    public void There_are_blocks()
    {
        Assert.True(Blocks.Count > 20, $"{Blocks.Count}");
        Assert.Contains(Blocks, block => block.Data.Item1.EndsWith("Trainer.cs", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task They_run(string[] names)
    {
        foreach (var name in names)
        {
            using var process = CmProcess.Launch(new Dictionary<string, string>(), Program, [name], folder.Path);
            var result = await CmProcess.Finish(process);
            Assert.True(result.Code == 0, $"{name}: {result.Error}");
        }
    }

    [Fact]
    public async Task Every_class_is_one_that_the_program_runs()
    {
        using var process = CmProcess.Launch(Program);
        var result = await CmProcess.Finish(process);
        Assert.Equal(Sources().Select(Path.GetFileNameWithoutExtension).Where(name => name != "Program").Order(), result.OutLines.Order());
    }

    private static IEnumerable<string> Documents()
    {
        var root = RepositoryFiles.Path();
        return ((string[])["docs", "models", "src"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.md", SearchOption.AllDirectories))
            .Prepend(Path.Combine(root, "README.md"));
    }

    // Of the documentation of types and members.
    private static IEnumerable<(string File, string Code)> Examples() =>
        Directory.EnumerateFiles(RepositoryFiles.Path("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => ExampleCode().Matches(File.ReadAllText(file))
                .Select(match => (file, WebUtility.HtmlDecode(Comment().Replace(match.Groups[1].Value, "")))));

    private static string Name(string file) => Path.GetRelativePath(RepositoryFiles.Path(), file);

    private static IEnumerable<string> Sources() => Directory.EnumerateFiles(RepositoryFiles.Path("tests", "ConsistencyModels.Snippets"), "*.cs");

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    private static bool Holds(List<string> lines, string[] block) =>
        Enumerable.Range(0, Math.Max(0, lines.Count - block.Length + 1)).Any(start => lines.Skip(start).Take(block.Length).SequenceEqual(block));

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Csharp();

    [GeneratedRegex("<example>.*?<code>(.*?)</code>", RegexOptions.Singleline)]
    private static partial Regex ExampleCode();

    [GeneratedRegex("^ *///", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^using [\w.]+;$")]
    private static partial Regex Using();
}
