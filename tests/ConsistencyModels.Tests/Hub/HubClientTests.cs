using System.Collections.Concurrent;
using System.Diagnostics;
using ConsistencyModels.Hub;
using ConsistencyModels.Models;

namespace ConsistencyModels.Tests.Hub;

public sealed partial class HubClientTests : IDisposable
{
    private const string Weights = "unet/diffusion_pytorch_model.safetensors";
    private readonly FakeHub _fake = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pipeline_comes_in_the_layout_of_huggingface_hub()
    {
        var progress = new ConcurrentQueue<HubProgress>();
        using var client = new HubClient(_fake.Options);
        var folder = await client.DownloadPipelineAsync("org/model", progress: new Sink(progress), cancellationToken: Now);

        Assert.Equal(_fake.CacheFile("snapshots", FakeHub.Commit), folder);
        Assert.Equal(FakeHub.Commit, await File.ReadAllTextAsync(_fake.CacheFile("refs", "main"), Now));
        var link = new FileInfo(Path.Combine(folder, Weights));
        Assert.Equal(Path.Combine("..", "..", "..", "blobs", FakeHub.Sha256(_fake.Files[Weights])), link.LinkTarget);
        Assert.Equal(
            Path.Combine("..", "..", "blobs", FakeHub.GitSha1(_fake.Files["model_index.json"])), new FileInfo(Path.Combine(folder, "model_index.json")).LinkTarget);
        Assert.Empty(Directory.GetFiles(_fake.CacheFile("blobs"), "*.incomplete"));
        using var model = ModelReader.Open(folder);
        Assert.Equal(354723, model.ParameterCount);

        // Only what is needed: no .bin beside safetensors, no README.
        Assert.Equal(
            ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", Weights],
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal));
        var size = _fake.Files[Weights].Length;
        Assert.Contains(new HubProgress(Weights, size, size), progress);
        Assert.Equal(15, _fake.Storage.Requests.Count(request => request.Range is not null)); // 1.43 MB in pieces of 100 kB
    }

    [Fact]
    public async Task The_token_goes_to_the_Hub_and_nowhere_else()
    {
        using var client = new HubClient(_fake.Options);
        await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        Assert.NotEmpty(_fake.Storage.Requests);
        Assert.All(_fake.Hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
        Assert.All(_fake.Storage.Requests, request => Assert.Null(request.Authorization));
        Assert.DoesNotContain("hf_secret", _fake.Options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_not_downloaded_again()
    {
        using var client = new HubClient(_fake.Options);
        await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        var (hub, storage) = (_fake.Hub.Requests.Count, _fake.Storage.Requests.Count);
        await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        Assert.Equal((hub + 1, storage), (_fake.Hub.Requests.Count, _fake.Storage.Requests.Count)); // has main moved?
        await client.DownloadPipelineAsync("org/model", FakeHub.Commit, cancellationToken: Now);
        Assert.Equal(hub + 1, _fake.Hub.Requests.Count); // a commit does not move
    }

    [Fact]
    public async Task Without_a_network_the_cache_does()
    {
        using (var client = new HubClient(_fake.Options))
        {
            await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        }

        using var offline = new HubClient(_fake.Options with { Offline = true });
        var folder = await offline.DownloadPipelineAsync("org/model", cancellationToken: Now);
        Assert.Equal(Path.Combine(folder, Weights), await offline.DownloadFileAsync("org/model", Weights, cancellationToken: Now));
        var error = await Assert.ThrowsAsync<HubException>(() => offline.DownloadPipelineAsync("org/other", cancellationToken: Now));
        Assert.Contains("HF_HUB_OFFLINE", error.Message, StringComparison.Ordinal);

        using var unplugged = new HubClient(_fake.Options with { Endpoint = new Uri("http://127.0.0.1:1"), Retries = 0 });
        Assert.Equal(folder, await unplugged.DownloadPipelineAsync("org/model", cancellationToken: Now));
        error = await Assert.ThrowsAnyAsync<HubException>(() => unplugged.DownloadPipelineAsync("org/other", cancellationToken: Now));
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_dropped_connection_goes_on_where_it_was(int parallel)
    {
        var drops = 0;
        _fake.OnStorage = request => Interlocked.Increment(ref drops) % 2 == 1
            ? FakeHub.Content(request, _fake.Files[Weights]) with { DropAfter = 70_000 }
            : null;
        using var client = new HubClient(_fake.Options with { Parallel = parallel });
        var path = await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(path, Now));
        Assert.Contains(_fake.Storage.Requests, request => request.Range!.Value.From % 100_000 == 70_000);
    }

    [Fact]
    public async Task An_interrupted_download_is_resumed_by_the_next_client()
    {
        var content = _fake.Files[Weights];
        var etag = FakeHub.Sha256(content);
        Directory.CreateDirectory(_fake.CacheFile("blobs"));
        await File.WriteAllBytesAsync(_fake.CacheFile("blobs", etag + ".incomplete"), content[..1_000_000], Now);
        using var client = new HubClient(_fake.Options);
        var path = await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal(content, await File.ReadAllBytesAsync(path, Now));
        Assert.Equal(1_000_000, _fake.Storage.Requests.Min(request => request.Range!.Value.From));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(99_999)]
    [InlineData(100_000)]
    [InlineData(650_000)]
    public async Task Cancelled_anywhere_the_next_run_completes(int after)
    {
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(Now))
        {
            using var client = new HubClient(_fake.Options);
            var canceller = new Sink(new ConcurrentQueue<HubProgress>(), report =>
            {
                if (report.Received >= after)
                {
                    stop.Cancel();
                }
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.DownloadFileAsync("org/model", Weights, null, canceller, stop.Token));
        }

        using var next = new HubClient(_fake.Options);
        var path = await next.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(path, Now));
    }

    [Fact]
    public async Task A_wrong_beginning_is_found_out_and_fetched_again()
    {
        var content = _fake.Files[Weights];
        Directory.CreateDirectory(_fake.CacheFile("blobs"));
        await File.WriteAllBytesAsync(_fake.CacheFile("blobs", FakeHub.Sha256(content) + ".incomplete"), new byte[500_000], Now);
        using var client = new HubClient(_fake.Options);
        var path = await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal(content, await File.ReadAllBytesAsync(path, Now));
    }

    [Theory]
    [InlineData(Weights, "its sha256 is")]
    [InlineData("model_index.json", "its git sha1 is")]
    public async Task Wrong_content_is_refused_and_deleted(string file, string expected)
    {
        byte[] Wrong() => [.. _fake.Files[file].Select(b => (byte)(b ^ 1))];
        _fake.OnStorage = request => FakeHub.Content(request, Wrong());
        _fake.OnHub = request => request.Method == "GET" && request.Path.EndsWith("model_index.json", StringComparison.Ordinal)
            ? FakeHub.Content(request, Wrong())
            : null;
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", file, cancellationToken: Now));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_fake.CacheFile("blobs")));
        Assert.False(Directory.Exists(_fake.CacheFile("snapshots")));
    }

    [Theory]
    [InlineData(401, null, "access was denied (401)")]
    [InlineData(403, "GatedRepo", "its owner must grant you access")]
    [InlineData(403, null, "access is forbidden (403)")]
    [InlineData(404, "RepoNotFound", "there is no such repository, or it is private")]
    [InlineData(404, "EntryNotFound", "the repository has no such file")]
    [InlineData(404, "RevisionNotFound", "the repository has no such revision")]
    [InlineData(418, null, "answers with status 418")]
    public async Task Refusals_say_what_to_do_and_are_not_repeated(int status, string? code, string expected)
    {
        _fake.OnHub = _ => new RawAnswer(status, []) { Headers = code is null ? [] : new() { ["X-Error-Code"] = code } };
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", Weights, cancellationToken: Now));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secret", error.ToString(), StringComparison.Ordinal);
        Assert.Single(_fake.Hub.Requests);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(500)]
    public async Task Overload_is_waited_out(int status)
    {
        var left = 2;
        _fake.OnStorage = _ => Interlocked.Decrement(ref left) >= 0 ? new RawAnswer(status, []) { Headers = { ["Retry-After"] = "86400" } } : null;
        using var client = new HubClient(_fake.Options);
        var watch = Stopwatch.StartNew();
        var path = await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(path, Now));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20); // not the day it asked for
    }

    [Fact]
    public async Task Overload_without_end_is_said()
    {
        _fake.OnHub = _ => new RawAnswer(429, []);
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", Weights, cancellationToken: Now));
        Assert.Contains("come back later (429)", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, _fake.Hub.Requests.Count);
    }

    [Fact]
    public async Task Retry_After_is_heeded()
    {
        var left = 1;
        _fake.OnHub = _ => Interlocked.Decrement(ref left) >= 0 ? new RawAnswer(503, []) { Headers = { ["Retry-After"] = "1" } } : null;
        using var client = new HubClient(_fake.Options with { LongestDelay = TimeSpan.FromSeconds(30) }); // its own pause would be 5 ms
        var watch = Stopwatch.StartNew();
        await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.95, 20);
    }

    [Fact]
    public async Task A_host_that_never_answers_is_cut_off_and_said()
    {
        _fake.OnHub = _ =>
        {
            Thread.Sleep(TimeSpan.FromSeconds(1));
            return null;
        };
        using var client = new HubClient(_fake.Options with { StallTimeout = TimeSpan.FromMilliseconds(200), Retries = 5 });
        var error = await Assert.ThrowsAnyAsync<HubException>(() => client.DownloadFileAsync("org/model", Weights, cancellationToken: Now));
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.InRange(_fake.Hub.Requests.Count, 0, 3); // who is offline does not wait for all five
    }

    [Theory]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("range")]
    public async Task A_server_that_lies_about_length_is_given_up(string lie)
    {
        _fake.OnStorage = request => lie switch
        {
            "short" => FakeHub.Content(request, _fake.Files[Weights]) with { DropAfter = 10 },
            "long" => FakeHub.Content(request, _fake.Files[Weights]) with { AnnouncedLength = 5_000_000_000 },
            _ => FakeHub.Content(request, _fake.Files[Weights]) with { Headers = new() { ["Content-Range"] = "bytes 5-6/7" } },
        };
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", Weights, cancellationToken: Now));
        Assert.Contains("keeps breaking off", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_loris_is_given_up()
    {
        _fake.OnStorage = request => FakeHub.Content(request, _fake.Files[Weights]) with { PieceDelay = TimeSpan.FromMilliseconds(20) };
        using var client = new HubClient(_fake.Options with { StallTimeout = TimeSpan.FromSeconds(1.5), Retries = 1 });
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", Weights, cancellationToken: Now));
        Assert.Contains("brings next to nothing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_ranges_sends_the_whole_file()
    {
        _fake.OnStorage = _ => new RawAnswer(200, _fake.Files[Weights]);
        using var client = new HubClient(_fake.Options);
        var path = await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(path, Now));
    }

    [Fact]
    public async Task Two_clients_at_once_make_one_good_copy()
    {
        using var one = new HubClient(_fake.Options);
        using var two = new HubClient(_fake.Options);
        var paths = await Task.WhenAll(
            Task.Run(() => one.DownloadPipelineAsync("org/model", cancellationToken: Now), Now), Task.Run(() => two.DownloadPipelineAsync("org/model", cancellationToken: Now), Now));
        Assert.Equal(paths[0], paths[1]);
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(paths[0], Weights), Now));
        Assert.Equal(15, _fake.Storage.Requests.Count); // the second waited for the first
    }

    [Fact]
    public async Task Another_process_holding_the_lock_is_waited_for()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "flock(1) is not here");
        var path = Path.Combine(_fake.Options.CacheFolder, ".locks", "models--org--model", FakeHub.Sha256(_fake.Files[Weights]) + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var other = Process.Start(new ProcessStartInfo("/usr/bin/flock", [path, "sh", "-c", "echo held; sleep 1; echo freed"]) { RedirectStandardOutput = true })!;
        Assert.Equal("held", await other.StandardOutput.ReadLineAsync(Now));
        using var client = new HubClient(_fake.Options);
        await client.DownloadFileAsync("org/model", Weights, cancellationToken: Now);
        Assert.Equal("freed", await other.StandardOutput.ReadLineAsync(Now));
        Assert.True(other.WaitForExit(1000)); // it ended before the download did
    }

    [Theory]
    [InlineData("unet and scheduler", ModelFormat.UNetFolder)]
    [InlineData("unet", ModelFormat.UNetFolder)]
    [InlineData("network", ModelFormat.NetworkFolder)]
    public async Task A_repository_need_not_be_a_pipeline_s(string form, ModelFormat expected)
    {
        _fake.Files.Remove("model_index.json");
        if (form != "unet and scheduler")
        {
            _fake.Files.Remove("scheduler/scheduler_config.json");
        }

        if (form == "network")
        {
            foreach (var file in new[] { "unet/config.json", Weights })
            {
                _fake.Files[file["unet/".Length..]] = _fake.Files[file];
                _fake.Files.Remove(file);
            }
        }

        foreach (var offline in new[] { false, true })
        {
            using var model = await ModelReader.OpenAsync("org/model", new ModelOptions { Hub = _fake.Options with { Offline = offline } }, cancellationToken: Now);
            Assert.Equal(expected, model.Format);
            using var weights = model.OpenWeights();
            Assert.Equal(354723, model.ParameterCount);
        }
    }

    [Fact]
    public async Task A_repository_without_a_model_is_named()
    {
        _fake.Files.Remove("model_index.json");
        _fake.Files.Remove("unet/config.json");
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadPipelineAsync("org/model", cancellationToken: Now));
        Assert.Contains("org/model: found neither model_index.json nor unet/config.json nor config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_come_with_their_index()
    {
        var folder = Directory.CreateTempSubdirectory("cm-shards-").FullName;
        using (var tiny = ModelReader.Open(RepositoryFiles.Golden("openai", "tiny", "diffusers")))
        {
            ModelWriter.Write(tiny, folder, new ModelWriteOptions { MaxShardSize = 500_000 }, cancellationToken: TestContext.Current.CancellationToken);
        }

        _fake.Files.Remove(Weights);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, "unet")))
        {
            _fake.Files["unet/" + Path.GetFileName(file)] = await File.ReadAllBytesAsync(file, Now);
        }

        Directory.Delete(folder, recursive: true);
        using var client = new HubClient(_fake.Options);
        using var model = ModelReader.Open(await client.DownloadPipelineAsync("org/model", cancellationToken: Now));
        Assert.Equal(354723, model.ParameterCount);
    }

    [Fact]
    public async Task Addresses_outside_the_Hub_work_the_same_way_without_the_token()
    {
        _fake.OnStorage = request => request.Path == "/consistency/x.pt"
            ? FakeHub.Content(request, _fake.Files[Weights], new() { ["ETag"] = "\"0x8DB2A5C7\"" })
            : null;
        using var client = new HubClient(_fake.Options);
        var address = new Uri(_fake.Storage.Address, "/consistency/x.pt");
        var path = await client.DownloadUrlAsync(address, cancellationToken: Now);
        Assert.Equal("x.pt", Path.GetFileName(path));
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(path, Now));
        Assert.All(_fake.Storage.Requests, request => Assert.Null(request.Authorization));
        using var offline = new HubClient(_fake.Options with { Offline = true });
        Assert.Equal(path, await offline.DownloadUrlAsync(address, cancellationToken: Now));
    }

    [Theory]
    [InlineData("org/model", "../../evil")]
    [InlineData("org/model", "/etc/passwd")]
    [InlineData("org/model", "a/../../b")]
    [InlineData("org/model", "a\\..\\b")]
    [InlineData("org/model", "C:x")]
    [InlineData("org/../model", "x")]
    [InlineData("../model", "x")]
    [InlineData("org/mo--del", "x")]
    public async Task No_name_leads_out_of_the_cache(string repository, string file)
    {
        using var client = new HubClient(_fake.Options);
        await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync(repository, file, cancellationToken: Now));
        await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync(repository, "x", "../" + file, cancellationToken: Now));
        Assert.Empty(_fake.Hub.Requests);
    }

    [Theory]
    [InlineData("X-Linked-Etag", "\"../../../evil\"")]
    [InlineData("X-Repo-Commit", "../../evil")]
    [InlineData("X-Linked-Size", "-5")]
    public async Task Headers_do_not_lead_out_of_the_cache_either(string header, string value)
    {
        _fake.OnHub = _ => new RawAnswer(302, [])
        {
            Headers = new()
            {
                ["X-Repo-Commit"] = FakeHub.Commit,
                ["X-Linked-Etag"] = "\"abc\"",
                ["X-Linked-Size"] = "5",
                ["Location"] = "http://localhost:1/",
                [header] = value,
            },
        };
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", "x", cancellationToken: Now));
        Assert.Contains("does not describe a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_in_circles_end()
    {
        _fake.OnHub = request => new RawAnswer(307, []) { Headers = { ["Location"] = request.Path } };
        using var client = new HubClient(_fake.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadFileAsync("org/model", "x", cancellationToken: Now));
        Assert.Contains("redirects", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_on_the_same_host()
    {
        _fake.OnHub = request => request.Path.StartsWith("/old/name/", StringComparison.Ordinal)
            ? new RawAnswer(307, []) { Headers = { ["Location"] = request.Path.Replace("/old/name/", "/org/model/", StringComparison.Ordinal) } }
            : null;
        using var client = new HubClient(_fake.Options);
        var path = await client.DownloadFileAsync("old/name", Weights, cancellationToken: Now);
        Assert.Equal(_fake.Files[Weights], await File.ReadAllBytesAsync(path, Now));
    }

    public void Dispose() => _fake.Dispose();

    private sealed class Sink(ConcurrentQueue<HubProgress> reports, Action<HubProgress>? also = null) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            reports.Enqueue(value);
            also?.Invoke(value);
        }
    }
}
