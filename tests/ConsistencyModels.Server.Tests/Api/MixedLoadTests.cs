using System.Net;
using System.Text;
using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Serving;
using ConsistencyModels.Server.Work;
using Microsoft.Extensions.DependencyInjection;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>Generation and edits in any number of steps, all at once: each gets what it gets alone.</summary>
[Collection(nameof(Alone))]
public sealed class MixedLoadTests
{
    private const int Requests = 200;
    private const int Looks = 60;

    private static readonly string Tile = Convert.ToBase64String(ImageEncoder.Encode(TestImages.Noise(32, 32, 3, 1)));
    private static readonly string Small = Convert.ToBase64String(ImageEncoder.Encode(TestImages.Noise(8, 8, 3, 2)));

    [Fact]
    public async Task Two_hundred_at_once_get_what_each_gets_alone()
    {
        await using var server = await TestServer.StartAsync();
        List<byte[][]> alone = [];
        for (var i = 0; i < Requests; i++)
        {
            alone.Add(await Draw(server.Client, i));
        }

        var together = await Task.WhenAll(Enumerable.Range(0, Requests).Select(i => Draw(server.Client, i)));
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal(alone[i], together[i]);
        }
    }

    /// <summary>Bounded in a run of all tests; CM_SOAK_SECONDS=600 makes it ten minutes.</summary>
    [Fact]
    public async Task After_a_long_time_with_cancellations_everything_is_where_it_was()
    {
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("CM_SOAK_SECONDS"), out var given) ? given : 4;
        await using var server = await TestServer.StartAsync(options => options.Limits.Requests = 24);
        var expected = new byte[16][][];
        for (var i = 0; i < expected.Length; i++)
        {
            expected[i] = await Draw(server.Client, i);
        }

        var before = await Resting(server);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var counts = new Counts();
        using (var load = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(5) })
        {
            await Task.WhenAll(Enumerable.Range(0, 32).Select(client => Ask(load, new Random(client))));
        }

        Assert.True(counts is { Drawn: > 0, Cancelled: > 0 }, $"{counts.Drawn} drawn, {counts.Cancelled} cancelled, {counts.Rejected} rejected");
        var after = await Resting(server);
        for (var looks = 1; looks < Looks && !Rests(); looks++)
        {
            // Sockets of cancelled requests are closed in the background, whenever a core is free for it.
            await Task.Delay(500);
            after = await Resting(server);
        }

        Assert.True(Rests(), $"{before} before, {after} after");

        bool Rests() => (after.Requests, after.Waiting) == (0, 0) && after.Handles <= before.Handles + 16 && after.Bytes <= before.Bytes + (64 << 20);

        async Task Ask(HttpClient client, Random random)
        {
            while (!stop.IsCancellationRequested)
            {
                var number = random.Next(expected.Length);
                using var patience = new CancellationTokenSource(random.Next(3) == 0 ? TimeSpan.FromMilliseconds(random.Next(60)) : TimeSpan.FromMinutes(5));
                try
                {
                    var pictures = await Draw(client, number, patience.Token);
                    if (pictures.Length == 0)
                    {
                        Interlocked.Increment(ref counts.Rejected);
                        await Task.Delay(random.Next(20));
                        continue;
                    }

                    Assert.Equal(expected[number], pictures);
                    Interlocked.Increment(ref counts.Drawn);
                }
                catch (OperationCanceledException) when (patience.IsCancellationRequested)
                {
                    Interlocked.Increment(ref counts.Cancelled);
                }
            }
        }
    }

    private sealed class Counts
    {
        public int Drawn;
        public int Cancelled;
        public int Rejected;
    }

    private static async Task<(int Requests, int Waiting, int Handles, long Bytes)> Resting(TestServer server)
    {
        var admission = server.Services.GetRequiredService<Admission>();
        while (admission.Requests > 0)
        {
            await Task.Delay(10);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        var model = server.Services.GetRequiredService<ModelStore>().Models[0];
        Assert.InRange(((Cpu.CpuUNet)model.Batcher!.Network).MemoryBytes, 1, (2 * model.Bytes) + Cpu.CpuEngineOptions.DefaultActivationBytes);
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        return (admission.Requests, model.Batcher.Waiting, Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : 0, memory);
    }

    /// <summary>The files of a request that its number says; none if there was no room.</summary>
    private static async Task<byte[][]> Draw(HttpClient client, int number, CancellationToken cancellation = default)
    {
        var (path, json) = (number % 8) switch
        {
            0 or 1 => ("generate", $$"""{"seed":{{number}},"steps":1}"""),
            2 => ("generate", $$"""{"seed":{{number}},"steps":{{2 + (number % 5)}},"count":{{1 + (number % 3)}},"classes":[{{number % 7}}]}"""),
            3 => ("generate", $$"""{"seed":{{number}},"width":40,"height":36,"steps":2}"""),
            4 => ("edit/inpaint", $$"""{"seed":{{number}},"image":"{{Tile}}","rect":[4,4,{{8 + (number % 8)}},10],"steps":3}"""),
            5 => ("edit/superres", $$"""{"seed":{{number}},"image":"{{Small}}","steps":2}"""),
            6 => ("edit/variations", $$"""{"seed":{{number}},"image":"{{Tile}}","count":2}"""),
            _ => ("edit/colorize", $$"""{"seed":{{number}},"image":"{{Tile}}","steps":{{1 + (number % 4)}}}"""),
        };
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync($"v1/{path}", content, cancellation);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests)
        {
            return [];
        }

        var text = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        using var result = JsonDocument.Parse(text);
        return [.. result.RootElement.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("data").GetBytesFromBase64())];
    }
}
/// <summary>Beside no other tests: what a process holds is counted.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

