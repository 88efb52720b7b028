using System.Diagnostics;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Tests.Hub;

namespace ConsistencyModels.Cli.Tests.Checkpoints;

/// <summary><c>cm download</c> as processes of their own: two at once, and killed at any point.</summary>
public sealed class DownloadProcessTests : IDisposable
{
    private const string Weights = "unet/diffusion_pytorch_model.safetensors";
    private readonly FakeHub _fake = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_at_once_end_with_one_good_copy()
    {
        Slow(TimeSpan.FromMilliseconds(300));
        using var one = Start();
        using var two = Start();
        var outputs = await Task.WhenAll(one.StandardOutput.ReadToEndAsync(Now), two.StandardOutput.ReadToEndAsync(Now));
        await Task.WhenAll(one.WaitForExitAsync(Now), two.WaitForExitAsync(Now));
        Assert.Equal((0, 0), (one.ExitCode, two.ExitCode));
        Assert.Equal(outputs[0], outputs[1]);
        Good(outputs[0].Trim());
        Assert.Single(_fake.Storage.Requests); // the second process waited for the first
    }

    [Fact]
    public async Task Killed_at_any_point_the_next_run_completes_it()
    {
        Slow(TimeSpan.FromMilliseconds(150));
        for (var run = 0; run < 6; run++)
        {
            using var process = Start();
            await Task.Delay(TimeSpan.FromMilliseconds(150 + (150 * run)), Now);
            process.Kill();
            await process.WaitForExitAsync(Now);
        }

        using var last = Start();
        var output = await last.StandardOutput.ReadToEndAsync(Now);
        await last.WaitForExitAsync(Now);
        Assert.Equal(0, last.ExitCode);
        Good(output.Trim());
        Assert.Empty(Directory.GetFiles(_fake.CacheFile("blobs"), "*.incomplete"));
    }

    public void Dispose() => _fake.Dispose();

    private void Slow(TimeSpan pause) => _fake.OnStorage = _ =>
    {
        Thread.Sleep(pause);
        return null;
    };

    private void Good(string folder)
    {
        Assert.Equal(_fake.CacheFile("snapshots", FakeHub.Commit), folder);
        Assert.Equal(_fake.Files[Weights], File.ReadAllBytes(Path.Combine(folder, Weights)));
        using var model = ModelFiles.Open(folder);
        Assert.Equal(354723, model.ParameterCount);
    }

    private Process Start()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "cm.dll"), "download", "org/model", "--cache", _fake.Options.CacheFolder])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["HF_ENDPOINT"] = _fake.Hub.Address.ToString();
        start.Environment["HF_TOKEN"] = "hf_secret";
        start.Environment.Remove("HF_HUB_OFFLINE");
        return Process.Start(start)!;
    }
}
