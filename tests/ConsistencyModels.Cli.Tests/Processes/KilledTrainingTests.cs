using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>A run that is killed again and again, with no warning, ends with the weights of one that never was.</summary>
public sealed class KilledTrainingTests : IDisposable
{
    private const int Kills = 10;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ten_kills_leave_no_trace_in_the_weights()
    {
        var pictures = TinyModel.Pictures(_folder);
        Cm.Succeed("train", pictures, "--run", _folder["edm"], "--network", TinyModel.Config(_folder), "--images", "16", "--batch", "8", "--quiet");

        // A teacher, a target network, two averages and gradients of parts.
        string[] Line(string run) =>
        [
            "train", pictures, "--run", _folder[run], "--objective", "cd", "--init", _folder["edm", "model"], "--set", "scales=8",
            "--averages", "400,0.9", "--micro-batch", "3", "--batch", "8", "--images", "2400", "--flip", "--threads", "1",
            "--checkpoint-every", "0.05s", "--log-every", "5", "--quiet",
        ];
        Assert.Equal(0, (await CmProcess.Run(Line("whole"))).Code);

        // Moments from the start to the middle of a step, a checkpoint or the model's last file.
        var random = new Random(11);
        var killed = 0;
        while (killed < Kills)
        {
            using var process = CmProcess.Start(Line("killed"));
            await Task.Delay(700 + random.Next(900), TestContext.Current.CancellationToken);
            if (process.HasExited)
            {
                Assert.Equal(0, process.ExitCode);
                break;
            }

            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            killed++;
        }

        Assert.Equal(0, (await CmProcess.Run(Line("killed"))).Code);

        foreach (var model in new[] { "model", "model-0.9" })
        {
            Assert.Equal(Weights(_folder["whole", model]), Weights(_folder["killed", model]));
        }

        Assert.Equal(Buffers("whole"), Buffers("killed"));
        Assert.True(killed > 2, $"the run was over after {killed} kills");
        Assert.Empty(Directory.GetFiles(_folder["killed"], "*.tmp", SearchOption.AllDirectories));
    }

    private static byte[] Weights(string model) => File.ReadAllBytes(TinyModel.Weights(model));

    private string[] Buffers(string run)
    {
        using var file = SafetensorsFile.Open(Directory.GetFiles(_folder[run, "checkpoints"]).Max(StringComparer.Ordinal)!);
        return [.. file.Tensors.Keys.Order(StringComparer.Ordinal).Select(name => $"{name} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file.Bytes(name)))}")];
    }
}
