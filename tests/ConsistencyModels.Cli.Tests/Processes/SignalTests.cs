using System.Globalization;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>A signal ends every command soon, whatever it is doing.</summary>
public sealed class SignalTests : IDisposable
{
    private const int HangUp = 1;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(CmProcess.Terminate)]
    [InlineData(CmProcess.Interrupt)]
    [InlineData(HangUp)]
    public async Task A_read_that_blocks_is_left_after_a_second(int signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes are made by Linux's mkfifo.");
        var pipe = _folder["model.safetensors"];
        Assert.Equal(0, (await CmProcess.Finish(CmProcess.Launch("mkfifo", pipe))).Code);
        using var process = CmProcess.Start("info", pipe);
        await Eventually.True(() => IsSetUp(process.Id), process);
        CmProcess.Signal(process, signal);
        var result = await CmProcess.Finish(process);
        Assert.Equal(128 + signal, result.Code);
        Assert.Equal("", result.Out);
    }

    [Theory]
    [InlineData("convert", "out")]
    [InlineData("convert", "out.pt")]
    [InlineData("convert", "out.safetensors")]
    [InlineData("export", "out.onnx")]
    public void A_cancelled_writer_leaves_nothing(string command, string output)
    {
        var model = TinyModel.Make(_folder);
        var before = _folder.Files;
        string[] words = command == "export" ? ["export", "onnx"] : [command, "--names", "diffusers"];
        var result = Cm.Run(new CancellationToken(canceled: true), [.. words, model, _folder[output]]);
        Assert.Equal(130, result.Code);
        Assert.Equal("cm: cancelled", Cm.TheLine(result));
        Assert.Equal(before, _folder.Files);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_closed_terminal_saves_a_training_run()
    {
        TinyModel.Pictures(_folder);
        var run = _folder["run"];
        using var process = CmProcess.Start(
            "train", _folder["pictures"], "--network", TinyModel.Config(_folder), "--run", run, "--batch", "4", "--images", "1m", "--log-every", "1");
        await Eventually.True(() => WholeRun.Read(run).Count > 2, process);
        CmProcess.Signal(process, HangUp);
        var result = await CmProcess.Finish(process);
        Assert.True(result.Code == 0, result.Error);
        Assert.Contains("stopped and saved at image ", result.Error);
        Assert.Single(Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors"));
    }

    // The program has set itself up: it catches what is sent when a terminal closes, as the runtime by itself does not.
    private static bool IsSetUp(int process)
    {
        var caught = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("SigCgt:", StringComparison.Ordinal));
        return (ulong.Parse(caught["SigCgt:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (HangUp - 1) & 1) != 0;
    }
}
