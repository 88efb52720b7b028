using System.Text.RegularExpressions;
using ConsistencyModels.Cli.Tests.Processes;
using ConsistencyModels.Imaging;

namespace ConsistencyModels.Cli.Tests.Examples;

/// <summary>
/// The commands that stand beside the pictures of the documents still make them. <c>CM_REDRAW=1</c> puts what they make in the pictures' place.
/// </summary>
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
            var shown = Path.Combine(Path.GetDirectoryName(RepositoryFiles.Path(document))!, link);
            var made = _folder[Path.GetFileName(link)];
            if (Environment.GetEnvironmentVariable("CM_REDRAW") == "1" && File.Exists(made))
            {
                File.Copy(made, shown, overwrite: true);
            }

            Assert.True(File.Exists(shown), $"{document}: there is no {link}");
            if (!File.Exists(made))
            {
                continue; // another document has its command, or it takes hours
            }

            found++;

            var (before, now) = (ImageDecoder.Decode(File.ReadAllBytes(shown), shown), ImageDecoder.Decode(File.ReadAllBytes(made), made));
            Assert.Equal((before.Width, before.Height, before.Channels), (now.Width, now.Height, now.Channels));
            var difference = before.Pixels.Zip(now.Pixels).Average(pair => Math.Abs(pair.First - pair.Second));
            Assert.True(difference <= Tolerance, $"{document}: {link} is {difference:F2} levels from what its command makes; CM_REDRAW=1 draws it anew");
        }

        Assert.InRange(found, least, 100);
    }

    [GeneratedRegex("^cm (generate|edit) .*(-o|--out) [a-z0-9-]+\\.(png|webp)$")]
    private static partial Regex Drawing();

    [GeneratedRegex("\\]\\(((?:docs/)?images/[^)]+)\\)")]
    private static partial Regex Link();
}
