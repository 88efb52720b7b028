using System.Text.RegularExpressions;
using ConsistencyModels.Cli.Tests.Processes;

namespace ConsistencyModels.Cli.Tests.Examples;

/// <summary>The commands that stand beside the pictures of the documents still make them.</summary>
public sealed partial class DocumentPictureTests : IDisposable
{
    // Processors differ in last bits, which several steps make larger: a level in the mean and no more.
    private const double Tolerance = 1;

    private readonly TempFolder _folder = new();

    public DocumentPictureTests()
    {
        Directory.CreateDirectory(_folder["bin"]);
        File.CreateSymbolicLink(_folder["bin/cm"], CmProcess.Path);
        Directory.CreateSymbolicLink(_folder["models"], RepositoryFiles.Path("models"));
        Directory.CreateSymbolicLink(_folder["docs"], RepositoryFiles.Path("docs"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("README.md", 1)]
    [InlineData("docs/editing.md", 10)]
    public async Task They_are_what_the_commands_make(string document, int least)
    {
        foreach (var line in ExampleLines.In(document).Where(line => Drawing().IsMatch(line) && !line.Contains("--device", StringComparison.Ordinal)))
        {
            using var process = CmProcess.Shell(line, _folder.Path, _folder["bin"]);
            var result = await CmProcess.Finish(process);
            Assert.True(result.Code == 0, $"{line}\n{result.Error}");
        }

        var found = 0;
        foreach (var link in Link().Matches(File.ReadAllText(RepositoryFiles.Path(document))).Select(match => match.Groups[1].Value))
        {
            var shown = Path.Combine(Path.GetDirectoryName(document)!, link);
            var made = _folder[Path.GetFileName(link)];
            Assert.True(File.Exists(RepositoryFiles.Path(shown)), $"{document}: there is no {link}");
            if (!File.Exists(made))
            {
                continue; // another document has its command, or it takes hours
            }

            found++;
            DocumentPicture.Check(shown, made, Tolerance);
        }

        Assert.InRange(found, least, 100);
    }

    [GeneratedRegex("^cm (generate|edit) .*(-o|--out) [a-z0-9-]+\\.(png|webp)$")]
    private static partial Regex Drawing();

    [GeneratedRegex("\\]\\(((?:docs/)?images/[^)]+)\\)")]
    private static partial Regex Link();
}
