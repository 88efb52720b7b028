using System.Collections.Concurrent;
using System.Diagnostics;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Bench.Serving;

/// <summary>A server under 32 clients against a bare loop at its best batch size, and a lone request against <c>Generate</c>, in turns.</summary>
internal static class ServeBench
{
    private const int Clients = 32;
    private const int Rounds = 7;
    private const int LoneRounds = 200;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);

    public static int Run(string[] args)
    {
        var (file, _) = Report.Arguments(args);
        RunAsync(file).GetAwaiter().GetResult();
        return 0;
    }

    private static async Task RunAsync(string? file)
    {
        await using var server = await BenchServer.StartAsync();
        using var pipeline = DiffusionPipeline.FromPretrained(BenchServer.Model);
        var best = new[] { 1, 2, 4, 8, 16, 32, 64 }.MaxBy(batch => Bare(pipeline, batch, TimeSpan.FromSeconds(1)));
        List<double> bare = [], served = [];
        var latencies = new ConcurrentBag<double>();
        await Served(server, TimeSpan.FromSeconds(1), []);
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add(Bare(pipeline, best, Round));
            served.Add(await Served(server, Round, latencies));
        }

        var ratios = served.Zip(bare, (a, b) => a / b).ToList();
        var sorted = latencies.Order().ToArray();
        var (median, p99) = (Report.Median(sorted), sorted[(int)(sorted.Length * 0.99)]);
        var (alone, over) = await Lone(server, pipeline);
        new Report("Serving")
            .Line($"The bundled model, one step, over loopback; {Clients} clients in the server's own process, each asking for a PNG as soon as it has the one before. The baseline is a loop of `Generate` at its best batch size, {best}, without HTTP or PNG. {Rounds} rounds of {Round.TotalSeconds:F0} s in turns; medians.\n")
            .Line($"| | | |\n|---|---|---|")
            .Line($"| bare loop, batch {best} | {Report.Median(bare):F0} pictures/s | 1 |")
            .Line($"| {Clients} clients | {Report.Median(served):F0} pictures/s | {Report.Median(ratios):F2} (from {ratios.Min():F2} to {ratios.Max():F2}) |")
            .Line($"| latency at {Clients} clients | median {median:F1} ms, p99 {p99:F1} ms | p99 is {p99 / median:F2} medians |")
            .Line($"| a lone request | `Generate` {alone:F2} ms | {over:F2} ms more |")
            .Publish(file);
    }

    /// <summary>Pictures a second of a loop.</summary>
    private static double Bare(DiffusionPipeline pipeline, int batch, TimeSpan time)
    {
        var (clock, count) = (Stopwatch.StartNew(), 0);
        while (clock.Elapsed < time)
        {
            pipeline.Generate(new() { Seeds = [.. Enumerable.Range(count, batch).Select(seed => (ulong)seed)] });
            count += batch;
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> Served(BenchServer server, TimeSpan time, ConcurrentBag<double> latencies)
    {
        var (clock, count) = (Stopwatch.StartNew(), 0);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async client =>
        {
            await Task.Yield();
            while (clock.Elapsed < time)
            {
                var began = Stopwatch.GetTimestamp();
                await BenchServer.Draw(server.Client, client);
                latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                Interlocked.Increment(ref count);
            }
        }));
        return count / clock.Elapsed.TotalSeconds;
    }

    private static async Task<(double Alone, double Over)> Lone(BenchServer server, DiffusionPipeline pipeline)
    {
        List<double> alone = [], asked = [];
        for (var i = 0; i < LoneRounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            pipeline.Generate(new() { Seed = 1 });
            alone.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            began = Stopwatch.GetTimestamp();
            await BenchServer.Draw(server.Client, 1);
            asked.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return (Report.Median(alone), Report.Median(asked.Zip(alone, (a, b) => a - b)));
    }
}
