namespace ConsistencyModels.Cli.Tests.Processes;

public sealed class CompletionProcessTests
{
    // What bash does when Tab is pressed, with the words so far as arguments.
    private const string Script = """
        PATH="$0:$PATH"
        source <(cm completion bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        _cm_complete
        printf '%s\n' "${COMPREPLY[@]}"
        """;

    [Theory]
    [InlineData(new[] { "cm", "gen" }, new[] { "generate" })]
    [InlineData(new[] { "cm", "generate", "--time" }, new[] { "--timesteps" })]
    [InlineData(new[] { "cm", "generate", "--format", "" }, new[] { "jpeg", "npy", "png", "safetensors", "webp" })]
    public async Task Bash_completes_words(string[] words, string[] expected)
    {
        using var process = CmProcess.Launch("bash", ["-c", Script, AppContext.BaseDirectory, .. words]);
        var result = await CmProcess.Finish(process);
        Assert.Equal(expected, result.OutLines);
    }
}
