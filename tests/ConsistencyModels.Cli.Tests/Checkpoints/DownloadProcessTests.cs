using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Cli.Tests.Processes;
using ConsistencyModels.Models;
using ConsistencyModels.Tests.Hub;

namespace ConsistencyModels.Cli.Tests.Checkpoints;

/// <summary>
/// <c>cm download</c> as processes of their own: two at once, and killed at any point. The large file has 29 MB, so that the
/// program's own parts of 8 MB are fetched four at a time.
/// </summary>
public sealed class DownloadProcessTests : IDisposable
{
    private const string Weights = "unet/diffusion_pytorch_model.safetensors";
    private const string Large = "large.bin";
    private const int Part = 8 << 20;
    private const int Parts = 4;
    private readonly FakeHub _fake = new();

    public DownloadProcessTests()
    {
        var content = new byte[(3 * Part) + 5_000_000];
        new System.Random(4).NextBytes(content);
        _fake.Files[Large] = content;
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Incomplete => _fake.CacheFile("blobs", FakeHub.Sha256(_fake.Files[Large]) + ".incomplete");

    [Fact]
    public async Task Two_at_once_end_with_one_good_copy()
    {
        Slow(TimeSpan.FromMilliseconds(300));
        using var one = Start();
        using var two = Start();
        var results = await Task.WhenAll(CmProcess.Finish(one), CmProcess.Finish(two));
        Assert.All(results, result => Assert.Equal(0, result.Code));
        Assert.Equal(results[0].Out, results[1].Out);
        Good(results[0].Out.Trim());
        Assert.Single(_fake.Storage.Requests); // the second process waited for the first
    }

    [Fact]
    public async Task Two_at_once_fetch_no_part_of_a_large_file_twice()
    {
        Slow(TimeSpan.FromMilliseconds(300));
        using var one = Start("--file", Large);
        using var two = Start("--file", Large);
        var results = await Task.WhenAll(CmProcess.Finish(one), CmProcess.Finish(two));
        Assert.All(results, result => Assert.Equal(0, result.Code));
        Assert.Equal(results[0].Out, results[1].Out);
        GoodLarge(results[0].Out.Trim());
        Assert.Equal(Enumerable.Range(0, Parts).Select(part => (long)part * Part), _fake.Storage.Requests.Select(request => request.Range!.Value.From).Order());
    }

    [Fact]
    public async Task A_home_that_is_not_there_is_said_and_nothing_is_put_in_the_current_folder()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no folder elsewhere that not even root can make.");
        using var here = new TempFolder();
        var environment = new Dictionary<string, string>(_fake.Environment()) { ["HOME"] = "/proc/none", ["HF_HOME"] = "", ["HF_HUB_CACHE"] = "", ["XDG_CACHE_HOME"] = "", ["CM_CACHE"] = "" };
        using var download = CmProcess.Launch(environment, CmProcess.Path, ["download", "org/model", "--quiet"], here.Path);
        var result = await CmProcess.Finish(download);
        Assert.Equal(2, result.Code);
        Assert.Contains("/proc/none/.cache/huggingface", Cm.TheLine(result), StringComparison.Ordinal);

        // Whoever needs no cache needs no home.
        using var generate = CmProcess.Launch(environment, CmProcess.Path, ["generate", "--quiet", "--out", here.File("x.png")], here.Path);
        result = await CmProcess.Finish(generate);
        Assert.True(result.Code == 0, result.Error);
        Assert.Equal([here.File("x.png")], here.Files);
    }

    [Fact]
    public async Task Killed_at_any_point_the_next_run_completes_it()
    {
        Slow(TimeSpan.FromMilliseconds(150));
        for (var run = 0; run < 6; run++)
        {
            using var process = Start();
            await Task.Delay(TimeSpan.FromMilliseconds(150 + (150 * run)), Now);
            process.Kill(); // SIGKILL, also to one that has just ended
            await process.WaitForExitAsync(Now);
        }

        using var last = Start();
        var result = await CmProcess.Finish(last);
        Assert.Equal(0, result.Code);
        Good(result.Out.Trim());
        Assert.Empty(Directory.GetFiles(_fake.CacheFile("blobs"), "*.incomplete"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Killed_between_parts_the_next_run_goes_on_from_what_is_there(int seed)
    {
        // Killed once the server has sent some number of bytes of the parts under way: before the first is whole, in the middle
        // of several, and while the last is written.
        Trickle();
        var random = new System.Random(seed);
        var size = _fake.Files[Large].Length;
        for (var run = 0; run < 3; run++)
        {
            var enough = _fake.Storage.Sent + random.Next(1, size / 2);
            using var process = Start("--file", Large);
            while (_fake.Storage.Sent < enough && !process.HasExited)
            {
                await Task.Delay(2, Now);
            }

            KillAndCheck(process);
        }

        await Complete();
    }

    [Fact]
    public async Task Killed_after_a_part_was_written_only_the_rest_is_fetched()
    {
        Trickle(milliseconds: 100); // three seconds from the first part's end to the last's: time to kill it
        using (var process = Start("--file", Large))
        {
            await Eventually.True(() => File.Exists(Incomplete) && new FileInfo(Incomplete).Length >= Part, process);
            KillAndCheck(process);
        }

        var written = new FileInfo(Incomplete).Length;
        Assert.InRange(written, Part, _fake.Files[Large].Length - 1);
        _fake.Storage.Requests.Clear();
        await Complete();
        Assert.Equal(written, _fake.Storage.Requests.Min(request => request.Range!.Value.From));
    }

    [Fact]
    public async Task Killed_while_another_waits_the_other_takes_over()
    {
        Trickle();
        using var one = Start("--file", Large);
        await Eventually.True(() => File.Exists(Incomplete) && new FileInfo(Incomplete).Length > 0, one);
        using var two = Start("--file", Large);
        await Task.Delay(TimeSpan.FromMilliseconds(400), Now);
        KillAndCheck(one);
        var result = await CmProcess.Finish(two);
        Assert.True(result.Code == 0, result.Error);
        GoodLarge(result.Out.Trim());
    }

    public void Dispose() => _fake.Dispose();

    private void Slow(TimeSpan pause) => _fake.OnStorage = _ =>
    {
        Thread.Sleep(pause);
        return null;
    };

    // Parts of 8 MB in 32 pieces, the first part alone and then the others at once.
    private void Trickle(int milliseconds = 20) => _fake.OnStorage = request =>
        FakeHub.Content(request, _fake.Files[Large]) with { PieceSize = Part / 32, PieceDelay = TimeSpan.FromMilliseconds(milliseconds) };

    private void KillAndCheck(Process process)
    {
        process.Kill(); // SIGKILL
        process.WaitForExit();

        // Whenever it was: what has the final name is whole, and what has not is a beginning.
        var blob = _fake.CacheFile("blobs", FakeHub.Sha256(_fake.Files[Large]));
        if (File.Exists(blob))
        {
            Assert.Equal(_fake.Files[Large], File.ReadAllBytes(blob));
        }
        else if (File.Exists(Incomplete))
        {
            var there = File.ReadAllBytes(Incomplete);
            Assert.True(_fake.Files[Large].AsSpan().StartsWith(there), string.Create(CultureInfo.InvariantCulture, $"{there.Length} bytes that are no beginning"));
        }
    }

    private async Task Complete()
    {
        _fake.OnStorage = null;
        using var last = Start("--file", Large);
        var result = await CmProcess.Finish(last);
        Assert.True(result.Code == 0, result.Error);
        GoodLarge(result.Out.Trim());
    }

    private void GoodLarge(string path)
    {
        Assert.Equal(_fake.CacheFile("snapshots", FakeHub.Commit, Large), path);
        Assert.Equal(FakeHub.Sha256(_fake.Files[Large]), FakeHub.Sha256(File.ReadAllBytes(path)));
        Assert.Equal([_fake.CacheFile("blobs", FakeHub.Sha256(_fake.Files[Large]))], Directory.GetFiles(_fake.CacheFile("blobs")));
    }

    private void Good(string folder)
    {
        Assert.Equal(_fake.CacheFile("snapshots", FakeHub.Commit), folder);
        Assert.Equal(_fake.Files[Weights], File.ReadAllBytes(Path.Combine(folder, Weights)));
        using var model = ModelReader.Open(folder);
        Assert.Equal(354723, model.ParameterCount);
    }

    private Process Start(params string[] options) => CmProcess.Start(_fake.Environment(), ["download", "org/model", .. options]);
}
