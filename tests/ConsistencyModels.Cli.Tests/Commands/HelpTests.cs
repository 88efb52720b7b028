using ConsistencyModels.Cli.Help;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class HelpTests
{
    [Theory]
    [InlineData("generate")]
    [InlineData("train")]
    [InlineData("info")]
    [InlineData("new")]
    [InlineData("bench")]
    [InlineData("export")]
    [InlineData("export", "onnx")]
    [InlineData("doctor")]
    [InlineData("completion")]
    public void Every_command_has_help_with_examples(string command, params string[] verbs)
    {
        var help = Cm.Succeed([command, .. verbs, "--help"]).Out;
        Assert.Contains($"cm {command}", help[help.IndexOf("Examples:", StringComparison.Ordinal)..]);
        Assert.Contains(command, Cm.Succeed("--help").Out);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(110)]
    public void A_page_fits_its_width(int width)
    {
        var root = new CommandLineApp(new CliConsole(TextWriter.Null, TextWriter.Null, ErrorIsTerminal: false)).Root([]);
        foreach (var command in Commands(root))
        {
            var page = new StringWriter();
            HelpPage.Write(page, command, width);
            var lines = page.ToString().Split('\n');
            var examples = HelpPage.ExamplesOf(command).Select(line => Example.Of(line).Command).ToHashSet();
            Assert.All(lines, line => Assert.True(
                line.Length <= width || examples.Contains(line.Trim()) || !line.Trim().Contains(' ') || line.StartsWith("  -", StringComparison.Ordinal) || line.StartsWith("  cm ", StringComparison.Ordinal), $"{width}: {line}"));

            // Nothing of the meaning is lost between the lines.
            var text = string.Join(' ', page.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            Assert.All(command.Options.Where(option => !option.Hidden), option => Assert.Contains(string.Join(' ', option.Description!.Split(' ', StringSplitOptions.RemoveEmptyEntries)), text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_command_has_a_line_of_one_sentence_in_the_list()
    {
        var lines = Cm.Succeed("--help").OutLines;
        Assert.Contains(lines, line => line.StartsWith("search-steps  Find the best timesteps", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("FID", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("'onnx' is not known here. Did you mean cm export onnx? See cm --help", "onnx", "--help")]
    [InlineData("'denoise' is not known here. Did you mean cm edit denoise? See cm --help", "denoise", "--help")]
    [InlineData("'generat' is not known here. Did you mean generate? See cm --help", "generat", "--help")]
    [InlineData("see cm edit stroke --help", "edit", "stroke", "a.png", "--sigma", "2,5")]
    [InlineData("see cm export onnx --help", "export", "onnx")]
    public void A_hint_names_the_whole_command_and_nothing_unknown_has_help(string expected, params string[] args) => Assert.Contains(expected, Cm.Refuse(args));

    [Fact]
    public void Nothing_at_all_shows_the_help() => Assert.Equal(Cm.Succeed("--help").Out, Cm.Succeed().Out);

    [Fact]
    public void Help_wins_over_mistakes() => Assert.Contains("Examples:", Cm.Succeed("generate", "--steps", "0", "--help").Out);

    [Fact]
    public void The_version_is_the_programs() => Assert.Equal($"cm {CommandLineApp.Version}", Cm.Succeed("--version").Out.Trim());

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Every_shell_has_a_completion_script(string shell) => Assert.Contains("[suggest:", Cm.Succeed("completion", shell).Out);

    [Theory]
    [InlineData("cm gen", "generate")]
    [InlineData("cm generate --fo", "--format")]
    [InlineData("cm generate --format ", "webp")]
    [InlineData("cm train --objective ", "ect")]
    [InlineData("cm new ", "tiles32")]
    [InlineData("cm edit inpaint a.png --auto=ch", "checkers")]
    [InlineData("cm generate --classes bo", "book")]
    [InlineData("cm generate --classes ", "all")]
    public void The_program_suggests_what_could_come_next(string line, string expected) =>
        Assert.Contains(expected, Cm.Succeed($"[suggest:{line.Length}]", line).OutLines);

    [Fact]
    public void Doctor_tells_what_it_loaded()
    {
        var result = Cm.Run("doctor");
        Assert.Contains("libtorch", result.Out);
        Assert.Contains("TorchSharp", result.Out);
        Assert.Contains("libSkiaSharp", result.Out);

        // Its exit code says whether there are problems, and each is listed.
        Assert.Equal(result.Out.Contains("Nothing is wrong.", StringComparison.Ordinal) ? 0 : 1, result.Code);
        Assert.DoesNotContain("   at ", result.Out + result.Error);
    }

    private static IEnumerable<System.CommandLine.Command> Commands(System.CommandLine.Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);
}
