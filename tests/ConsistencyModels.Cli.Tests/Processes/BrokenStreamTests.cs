namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>Standard streams that cannot be written to.</summary>
public sealed class BrokenStreamTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    public async Task An_error_that_nobody_can_read_still_has_its_code(string stream)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /dev/full elsewhere.");
        var result = await Shell($"\"$0\" info \"$1\" {stream}", _folder["nowhere"]);
        Assert.Equal((2, "", ""), (result.Code, result.Out, result.Error));
    }

    [Theory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    public async Task A_picture_is_made_all_the_same(string stream)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /dev/full elsewhere.");
        var model = TinyModel.Make(_folder);
        var result = await Shell($"\"$0\" generate --model \"$1\" --out \"$2\" {stream}", model, _folder["a.png"]);
        Assert.Equal((0, _folder["a.png"]), (result.Code, Assert.Single(result.OutLines)));
        Assert.True(File.Exists(_folder["a.png"]));
    }

    [Fact]
    public async Task A_training_run_outlives_its_log()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /dev/full elsewhere.");
        TinyModel.Pictures(_folder);
        var result = await Shell(
            "\"$0\" train \"$1\" --network \"$2\" --run \"$3\" --batch 4 --images 40 --log-every 1 2>/dev/full",
            _folder["pictures"], TinyModel.Config(_folder), _folder["run"]);
        Assert.Equal((0, _folder["run", "model"]), (result.Code, Assert.Single(result.OutLines)));
        Assert.Single(Directory.GetFiles(_folder["run", "checkpoints"], "*.safetensors"));
    }

    [Fact]
    public async Task A_result_that_cannot_be_told_is_a_failure()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /dev/full elsewhere.");
        var model = TinyModel.Make(_folder);
        var result = await Shell("\"$0\" info \"$1\" >/dev/full", model);
        Assert.Equal(2, result.Code);
        Assert.Contains("disk is full", Cm.TheLine(result));
    }

    [Fact]
    public async Task A_picture_goes_through_a_link()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links ask for a privilege there.");
        var model = TinyModel.Make(_folder);
        File.WriteAllText(_folder["real.png"], "old");
        var result = await Shell("ln -s real.png \"$2\" && \"$0\" generate -q --model \"$1\" -o \"$2\"", model, _folder["latest.png"]);
        Assert.True(result.Code == 0, result.Error);
        Assert.Equal("real.png", new FileInfo(_folder["latest.png"]).LinkTarget);
        Assert.Equal(TinyModel.Size, Imaging.ImageDecoder.DecodeFile(_folder["real.png"]).Width);
    }

    private static Task<Cm.Result> Shell(string script, params string[] words) =>
        CmProcess.Finish(CmProcess.Launch("sh", ["-c", script, CmProcess.Path, .. words]));
}
