using ConsistencyModels.Hub;

namespace ConsistencyModels.Tests.Hub;

// Caches that others have left in a state of their own.
public sealed partial class HubClientTests
{
    [Fact]
    public async Task A_link_to_a_blob_that_is_gone_counts_as_missing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are copies in place of links.");
        using var client = new HubClient(_fake.Options);
        var folder = await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        foreach (var name in (string[])[Weights, "model_index.json"])
        {
            File.Delete(Path.Combine(folder, Path.GetDirectoryName(name)!, new FileInfo(Path.Combine(folder, name)).LinkTarget!));
            using var offline = new HubClient(_fake.Options with { Offline = true });
            Assert.Contains("not complete", (await Assert.ThrowsAsync<HubException>(() => offline.DownloadPipelineAsync("org/model", cancellationToken: Now))).Message, StringComparison.Ordinal);
            Assert.Contains("not complete", (await Assert.ThrowsAsync<HubException>(() => offline.DownloadFileAsync("org/model", name, cancellationToken: Now))).Message, StringComparison.Ordinal);
            Assert.Equal(folder, await client.DownloadPipelineAsync("org/model", cancellationToken: Now));
            Assert.Equal(_fake.Files[name], await File.ReadAllBytesAsync(Path.Combine(folder, name), Now));
        }
    }

    [Fact]
    public async Task A_mirror_need_not_name_the_commit_with_every_file()
    {
        using var fake = new FakeHub(large: false);
        fake.OnHub = request => request.Path.Contains("/resolve/", StringComparison.Ordinal)
            ? FakeHub.Content(request, fake.Files[request.Path.Split('/', 6)[5]], new() { ["ETag"] = $"\"{FakeHub.GitSha1(fake.Files[request.Path.Split('/', 6)[5]])}\"" })
            : null;
        using var client = new HubClient(fake.Options);
        var folder = await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        Assert.Equal(fake.CacheFile("snapshots", FakeHub.Commit), folder);
        Assert.Equal(Path.Combine(folder, "README.md"), await client.DownloadFileAsync("org/model", "README.md", cancellationToken: Now));
    }

    [Fact]
    public async Task A_snapshot_without_refs_is_named()
    {
        using (var client = new HubClient(_fake.Options))
        {
            await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        }

        Directory.Delete(_fake.CacheFile("refs"), recursive: true);
        using var offline = new HubClient(_fake.Options with { Offline = true });
        foreach (var ask in (Func<Task<string>>[])[() => offline.DownloadPipelineAsync("org/model", cancellationToken: Now), () => offline.DownloadFileAsync("org/model", Weights, cancellationToken: Now)])
        {
            var error = await Assert.ThrowsAsync<HubException>(ask);
            Assert.Contains($"there is no commit for 'main' there, but all of it at {FakeHub.Commit}", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(_fake.CacheFile("snapshots", FakeHub.Commit), await offline.DownloadPipelineAsync("org/model", FakeHub.Commit, cancellationToken: Now));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_says_what_can_be_used()
    {
        const string old = "fedcba9876543210fedcba9876543210fedcba98";
        using var client = new HubClient(_fake.Options);
        await client.DownloadPipelineAsync("org/model", cancellationToken: Now);
        Directory.Move(_fake.CacheFile("snapshots", FakeHub.Commit), _fake.CacheFile("snapshots", old));
        await File.WriteAllTextAsync(_fake.CacheFile("refs", "main"), old, Now);
        await File.WriteAllTextAsync(_fake.CacheFile("snapshots", FakeHub.Commit), "", Now); // no folder can be made there, not even by root
        var error = await Assert.ThrowsAnyAsync<HubException>(() => client.DownloadPipelineAsync("org/model", cancellationToken: Now));
        Assert.Contains("cannot be written: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"; the Hub has moved on to {FakeHub.Commit}; HF_HUB_OFFLINE=1 or --revision {old} uses what is there", error.Message, StringComparison.Ordinal);
        Assert.Equal(_fake.CacheFile("snapshots", old), await client.DownloadPipelineAsync("org/model", old, cancellationToken: Now));
    }
}
