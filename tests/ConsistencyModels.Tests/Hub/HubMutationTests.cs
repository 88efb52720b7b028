using System.Globalization;
using System.Text;
using ConsistencyModels.Hub;

namespace ConsistencyModels.Tests.Hub;

/// <summary>A Hub whose answers are damaged: a download fails with the project's exception, or everything is what the Hub holds.</summary>
public sealed class HubMutationTests
{
    // A run is some ten requests over the loopback, each of a connection of its own: tens of milliseconds.
    private const int Runs = 400;

    private static readonly string[] Lies = ["", "0", "-1", "9223372036854775808", "//[bad", "http://[::1", "file:///etc/passwd", "\"abc\"", "W/\"x\"", "../../x", "bytes 0-9/5", "bytes */*", "\u00e9", new string('a', 5000)];

    [Fact]
    public async Task Damaged_answers_never_end_as_a_wrong_download()
    {
        int refused = 0, good = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new System.Random(run);
            using var hub = new FakeHub();
            hub.Options = hub.Options with { Retries = 0, StallTimeout = TimeSpan.FromSeconds(1) };
            var left = random.Next(1, 4);
            hub.OnHub = request => Damage(hub, request, random, ref left);
            try
            {
                using var client = new HubClient(hub.Options);
                var snapshot = await client.DownloadPipelineAsync("org/model", cancellationToken: TestContext.Current.CancellationToken);
                foreach (var file in Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories))
                {
                    Assert.Equal(hub.Files[Path.GetRelativePath(snapshot, file).Replace('\\', '/')], await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
                }

                good++;
            }
            catch (ConsistencyModelsException e)
            {
                Assert.DoesNotContain(e.Message, char.IsControl);
                refused++;
            }
        }

        Assert.True(refused > Runs / 20 && good > Runs / 20, string.Create(CultureInfo.InvariantCulture, $"{refused} refused, {good} good"));
    }

    [Fact]
    public async Task A_name_that_is_no_hash_is_refused_on_the_Hub()
    {
        using var hub = new FakeHub(large: false);
        hub.OnHub = request => request.Path.Contains("/resolve/", StringComparison.Ordinal)
            ? FakeHub.Content(request, "{}"u8.ToArray(), new() { ["X-Repo-Commit"] = FakeHub.Commit, ["ETag"] = "\"a-proxy-made-this-up\"" })
            : null;
        using var client = new HubClient(hub.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadPipelineAsync("org/model", cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("does not describe a file on the Hub", error.Message);
    }

    [Fact]
    public async Task A_redirect_to_no_address_is_said()
    {
        using var hub = new FakeHub();
        hub.OnHub = request => request.Path.Contains("/resolve/", StringComparison.Ordinal) ? new RawAnswer(302, []) { Headers = { ["Location"] = "//[bad" } } : null;
        using var client = new HubClient(hub.Options);
        await Assert.ThrowsAsync<HubException>(() => client.DownloadPipelineAsync("org/model", cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_does_not_fit_the_disk_is_not_begun()
    {
        using var hub = new FakeHub();
        hub.OnHub = request => request.Path.EndsWith(".safetensors", StringComparison.Ordinal)
            ? new RawAnswer(302, []) { Headers = { ["X-Repo-Commit"] = FakeHub.Commit, ["X-Linked-Etag"] = $"\"{new string('a', 64)}\"", ["X-Linked-Size"] = "900000000000000000", ["Location"] = $"{hub.Storage.Address}x" } }
            : null;
        using var client = new HubClient(hub.Options);
        var error = await Assert.ThrowsAsync<HubException>(() => client.DownloadPipelineAsync("org/model", cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("disk is full: 900000000000000000 bytes are needed", error.Message);
        Assert.DoesNotContain(Directory.EnumerateFiles(hub.Options.CacheFolder, "*.incomplete", SearchOption.AllDirectories), file => new FileInfo(file).Length > 0);
    }

    private static RawAnswer? Damage(FakeHub hub, RawRequest request, System.Random random, ref int left)
    {
        lock (random)
        {
            if (left == 0 || random.Next(4) != 0)
            {
                return null;
            }

            left--;
            if (request.Path.StartsWith("/api/", StringComparison.Ordinal))
            {
                var listing = $$"""{"sha":"{{FakeHub.Commit}}","siblings":[{{string.Join(",", hub.Files.Keys.Select(file => $$"""{"rfilename":"{{file}}"}"""))}}]}""";
                return new RawAnswer(200, Mutations.Bytes(Encoding.UTF8.GetBytes(listing), random, ["\"\\ud800\""u8.ToArray(), "../"u8.ToArray(), "null"u8.ToArray(), "{}"u8.ToArray()]));
            }

            var file = request.Path.Split('/', 6)[^1];
            if (!hub.Files.TryGetValue(file, out var content))
            {
                return null;
            }

            var lie = Lies[random.Next(Lies.Length)];
            var headers = new Dictionary<string, string> { ["X-Repo-Commit"] = FakeHub.Commit, ["ETag"] = $"\"{FakeHub.GitSha1(content)}\"", ["X-Linked-Size"] = content.Length.ToString(CultureInfo.InvariantCulture) };
            headers[((string[])["X-Repo-Commit", "ETag", "X-Linked-Etag", "X-Linked-Size", "Location", "Content-Range"])[random.Next(6)]] = lie;
            return random.Next(4) switch
            {
                0 => FakeHub.Content(request, Mutations.Bytes(content, random, []), headers),
                1 => new RawAnswer(random.Next(300, 309), content) { Headers = headers },
                2 => new RawAnswer(200, content) { Headers = headers },
                _ => FakeHub.Content(request, content, headers),
            };
        }
    }
}
