using System.Diagnostics;
using System.Globalization;

namespace ConsistencyModels.Bench.Serving;

/// <summary>Ten thousand requests of clients that vanish, stall, send garbage and bombs, among some who mean it: no 5xx, flat memory, right pictures.</summary>
internal static class AbuseBench
{
    private const int Requests = 10_000;
    private const int AtOnce = 24;
    private const int Parts = 5;
    private const int WarmUp = 220;
    private const long Growth = 8 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <returns>1 if a promise was broken: a 5xx, another picture, or memory that grew.</returns>
    public static int Run(string[] args)
    {
        var (file, _) = Report.Arguments(args);
        return RunAsync(file).GetAwaiter().GetResult() ? 0 : 1;
    }

    private static async Task<bool> RunAsync(string? file)
    {
        await using var server = await BenchServer.StartAsync();
        var start = ChildProcess.Again("abusers", $"{server.Port}", $"{AtOnce}");
        start.RedirectStandardInput = true;
        using var abusers = Process.Start(start)!;
        var statuses = new SortedDictionary<string, int>(StringComparer.Ordinal);

        // Some of each kind first: what is made once is there then.
        Round(abusers, 0, WarmUp, new(StringComparer.Ordinal));
        var before = await MemoryUse.AtRestAsync(0, Patience);
        List<MemoryUse> after = [];
        for (var part = 0; part < Parts; part++)
        {
            Round(abusers, Requests * part / Parts, Requests * (part + 1) / Parts, statuses);
            after.Add(await MemoryUse.AtRestAsync(before.Live + Growth, Patience));
        }

        abusers.StandardInput.Close();
        await abusers.WaitForExitAsync();
        var bad = statuses.Where(status => status.Key.StartsWith('5')).Sum(status => status.Value);
        var wrong = statuses.GetValueOrDefault(Abusers.Wrong);
        var flat = after.TrueForAll(one => one.Live <= before.Live + Growth);
        new Report("Serving bad clients")
            .Line($"{Requests:N0} requests, {AtOnce} at once from another process, of eleven kinds in turn: vanished in the middle of the headers, of the body and of the answer; stalled; garbage; random bytes as JSON; JSON 10,000 deep; bodies of 20 MB; picture bombs of 60,000 x 60,000; wrong content types; and requests that are right. Memory is that of the server's process after a full collection.\n")
            .Line($"| | |\n|---|---|")
            .Line($"| answers of 5xx | {bad} |")
            .Line($"| right requests with other bytes than alone | {wrong} |")
            .Line($"| answers | {string.Join(", ", statuses.Select(status => $"{status.Key}: {status.Value}"))} |")
            .Line($"| live objects after {WarmUp} requests, and after each fifth | {Megabytes(one => one.Live)} MB |")
            .Line($"| the collector's heap, with what it keeps free | {Megabytes(one => one.Committed)} MB |")
            .Line($"| resident | {Megabytes(one => one.Resident)} MB |")
            .Publish(file);
        return flat && bad == 0 && wrong == 0;

        string Megabytes(Func<MemoryUse, long> bytes) => string.Join(", ", after.Prepend(before).Select(one => FormattableString.Invariant($"{bytes(one) / 1e6:F0}")));
    }

    private static void Round(Process abusers, int first, int end, SortedDictionary<string, int> statuses)
    {
        abusers.StandardInput.WriteLine($"{first} {end}");
        foreach (var status in (abusers.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the clients ended")).Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = status.Split(':');
            statuses[parts[0]] = statuses.GetValueOrDefault(parts[0]) + int.Parse(parts[1], CultureInfo.InvariantCulture);
        }
    }
}
