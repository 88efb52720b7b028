using ConsistencyModels.Imaging;

namespace ConsistencyModels.Cli.Tests.Processes;

public sealed class GenerateProcessTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    public async Task The_program_writes_a_picture_and_says_where(string engine)
    {
        var model = TinyModel.Make(_folder);
        var result = await CmProcess.Run("generate", "--model", model, "--seed", "11", "--classes", "wall", "--engine", engine, "--out", _folder["out"]);
        Assert.True(result.Code == 0, result.Error);
        var file = Assert.Single(result.OutLines);
        Assert.Equal(TinyModel.Size, ImageDecoder.DecodeFile(file).Width);

        // Nothing of libtorch's own; a busy machine may show progress before the summary.
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("1 picture by model, 1 step, seed 11:", lines[^1]);
        Assert.All(lines[..^1], line => Assert.Matches("^(loading the model|generating)", line));
    }

    [Fact]
    public async Task A_mistake_is_one_line_and_code_2()
    {
        var result = await CmProcess.Run("generate", "--model", _folder["nowhere"]);
        Assert.Equal(2, result.Code);
        Cm.TheLine(result);
    }

    [Fact]
    public async Task A_picture_that_is_interrupted_is_cancelled()
    {
        var model = TinyModel.Make(_folder);
        using var process = CmProcess.Start("generate", "--model", model, "-n", "1000000", "--engine", "torch", "--quiet", "--out", _folder["out"]);

        // It writes by the block: the first file says that it is at work on the second.
        await Eventually.True(() => Directory.Exists(_folder["out"]), process);
        CmProcess.Signal(process, CmProcess.Interrupt);
        var result = await CmProcess.Finish(process);
        Assert.Equal(130, result.Code);
        Assert.Equal("cm: cancelled", Cm.TheLine(result));
        Assert.DoesNotContain(_folder.Files, file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }
}
