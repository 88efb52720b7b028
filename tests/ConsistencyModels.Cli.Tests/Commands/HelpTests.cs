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

    // The help takes an argument's completions for its name, unless it has one.
    [Fact]
    public void Arguments_are_named_by_a_word_and_not_by_all_that_completes_them() => Assert.DoesNotContain("|", Cm.Succeed("--help").Out);

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
}
