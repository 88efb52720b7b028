using System.Diagnostics;
using ConsistencyModels.Engines;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Bench.Serving;

/// <summary>A server under 32 clients against a bare loop at its best batch size, and a lone request against <c>Generate</c>, in turns.</summary>
internal static class ServeBench
{
    private const int Clients = 32;
    private const int Rounds = 9;
    private const int LoneRounds = 200;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);

    // Compiled again and again until then; a native server has nothing to compile.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);

    /// <summary>Arguments after the file are settings of the server, such as <c>CallsAtOnce=1</c>; those after a slash are of another one.</summary>
    public static int Run(string[] args)
    {
        var (file, others) = Report.Arguments(args);
        RunAsync(file, string.Join(' ', others).Split('/').Select(settings => settings.Trim()).ToArray()).GetAwaiter().GetResult();
        return 0;
    }

    private static async Task RunAsync(string? file, string[] settings)
    {
        List<Contender> contenders = [];
        foreach (var one in settings)
        {
            contenders.Add(await Contender.StartAsync(one));
        }

        await using var empty = await BenchServer.StartAsync([], new EngineRegistry(new NoNetwork()));
        using var pipeline = DiffusionPipeline.FromPretrained(BenchServer.Model);
        using Load emptyLoad = new(empty.Port, Clients);
        emptyLoad.Run(TimeSpan.FromSeconds(5));
        var (nothing, nothingProcessor) = Contender.Measure(emptyLoad);
        var best = BestBatch(pipeline);
        List<(double Rate, double Processor)> bare = [];
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add(Bare(pipeline, best, Round));
            contenders.ForEach(one => one.Measure());
        }

        var (alone, over) = Lone(contenders[0].Port, pipeline);
        var report = new Report("Serving")
            .Line($"The bundled model, one step, over loopback; {Clients} clients in a process of their own on the same two cores, HTTP/1.1 on bare sockets that are kept, each asking for a PNG as soon as it has the one before. The baseline is a loop of `Generate` at its best batch size, {best}, without HTTP or PNG. {Rounds} rounds of {Round.TotalSeconds:F0} s in turns; medians. Latencies are of all rounds.\n")
            .Line($"| | pictures/s | against the loop | median, ms | p99, ms | p99 in medians | processor time a picture, ms |\n|---|---|---|---|---|---|---|")
            .Line($"| bare loop, batch {best} | {Report.Median(bare.Select(turn => turn.Rate)):F0} | 1 | | | | {Report.Median(bare.Select(turn => turn.Processor)):F2} |");
        foreach (var one in contenders)
        {
            var ratios = one.Rounds.Zip(bare, (served, turn) => served.Round.Rate / turn.Rate).ToArray();
            var latencies = one.Rounds.SelectMany(turn => turn.Round.Milliseconds).Order().ToArray();
            var (median, p99) = (Report.Median(latencies), latencies[(int)(latencies.Length * 0.99)]);
            report.Line($"| {Clients} clients{one.Name} | {Report.Median(one.Rounds.Select(turn => turn.Round.Rate)):F0} | {Report.Median(ratios):F2} ({ratios.Min():F2} to {ratios.Max():F2}) | {median:F0} | {p99:F0} | {p99 / median:F1} | {Report.Median(one.Rounds.Select(turn => turn.Processor)):F2}, clients {Report.Median(one.Rounds.Select(turn => turn.Round.ProcessorEach)):F2} |");
        }

        report
            .Line($"| {Clients} clients, a network that computes nothing | {nothing.Rate:F0} | | | | | {nothingProcessor:F2}, clients {nothing.ProcessorEach:F2} |\n")
            .Line($"A lone request takes {over:F2} ms more than `Generate`, which takes {alone:F2} ms (medians of {LoneRounds} pairs in turns).")
            .Publish(file);
        foreach (var one in contenders)
        {
            await one.DisposeAsync();
        }
    }

    private static int BestBatch(DiffusionPipeline pipeline)
    {
        int[] batches = [1, 2, 4, 8, 16, 32, 64];
        var tries = batches.SelectMany(_ => batches).Select(batch => (Batch: batch, Bare(pipeline, batch, TimeSpan.FromSeconds(0.2)).Rate)).ToArray();
        return batches.MaxBy(batch => Report.Median(tries.Where(one => one.Batch == batch).Select(one => one.Rate)));
    }

    /// <summary>Pictures a second of a loop, and the processor's milliseconds for each.</summary>
    private static (double Rate, double Processor) Bare(DiffusionPipeline pipeline, int batch, TimeSpan time)
    {
        var (clock, count, before) = (Stopwatch.StartNew(), 0, Environment.CpuUsage.TotalTime);
        while (clock.Elapsed < time)
        {
            pipeline.Generate(new() { Seeds = [.. Enumerable.Range(count, batch).Select(seed => (ulong)seed)] });
            count += batch;
        }

        return (count / clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / count);
    }

    private static (double Alone, double Over) Lone(int port, DiffusionPipeline pipeline)
    {
        using var client = new RawClient(port);
        List<double> alone = [], asked = [];
        for (var i = 0; i < LoneRounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            pipeline.Generate(new() { Seed = 1 });
            alone.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            began = Stopwatch.GetTimestamp();
            client.Draw(100_000_000);
            asked.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return (Report.Median(alone), Report.Median(asked.Zip(alone, (a, b) => a - b)));
    }

    /// <summary>A server with its clients.</summary>
    private sealed class Contender(string settings, BenchServer server, Load load) : IAsyncDisposable
    {
        /// <summary>What it is called behind others.</summary>
        public string Name => settings.Length == 0 ? "" : $", {settings}";

        public int Port => server.Port;

        public List<(LoadRound Round, double Processor)> Rounds { get; } = [];

        public static async Task<Contender> StartAsync(string settings)
        {
            var server = await BenchServer.StartAsync(settings.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            var load = new Load(server.Port, Clients);
            load.Run(WarmUp);
            return new(settings, server, load);
        }

        public void Measure() => Rounds.Add(Measure(load));

        /// <summary>A round, and the server's processor time for each picture.</summary>
        public static (LoadRound Round, double Processor) Measure(Load load)
        {
            var before = Environment.CpuUsage.TotalTime;
            var round = load.Run(Round);
            return (round, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / round.All);
        }

        public ValueTask DisposeAsync()
        {
            load.Dispose();
            return server.DisposeAsync();
        }
    }
}
