using System.Diagnostics;

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

        // The program has set itself up: it catches what is sent when a terminal closes, as the runtime by itself does not.
        await Eventually.True(() => CmProcess.Has(process, "SigCgt", HangUp), process);
        CmProcess.Signal(process, signal);
        var result = await CmProcess.Finish(process);
        Assert.Equal(128 + signal, result.Code);
        Assert.Equal("", result.Out);
    }

    /// <remarks>It is no reason to end a program that it got no processor for a second: it was to say that it is cancelled.</remarks>
    [Fact]
    public async Task A_program_that_gets_no_turn_is_not_one_that_waits()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux's chrt.");
        using var process = CmProcess.Start("generate", "--model", TinyModel.Make(_folder), "-n", "1000000", "--quiet", "--out", _folder["out"]);
        await Eventually.True(() => Directory.Exists(_folder["out"]), process);
        var others = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => CmProcess.Launch("sh", "-c", "while :; do :; done")).ToList();
        try
        {
            // From here on it has its turn when nobody else wants one.
            await Schedule(process, "--idle");
            CmProcess.Signal(process, CmProcess.Interrupt);
            await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
            await Schedule(process, "--other");
        }
        finally
        {
            others.ForEach(other =>
            {
                other.Kill();
                other.Dispose();
            });
        }

        var result = await CmProcess.Finish(process);
        Assert.Equal(130, result.Code);
        Assert.Equal("cm: cancelled", Cm.TheLine(result));
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

    private static async Task Schedule(Process process, string policy)
    {
        using var chrt = CmProcess.Launch("chrt", "--all-tasks", policy, "--pid", "0", $"{process.Id}");
        Assert.Equal(0, (await CmProcess.Finish(chrt)).Code);
    }
}
