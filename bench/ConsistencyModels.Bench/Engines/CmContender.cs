using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ConsistencyModels.Bench.Engines;

/// <summary>
/// <c>cm bench</c> as a contender: the same engine in the program that users have, as it is built or compiled ahead of time. It is started anew for
/// each turn, warms up and measures by itself.
/// </summary>
internal static class CmContender
{
    private const double Kilobyte = 1024;

    /// <summary>Answers lines as <see cref="Contender"/> does.</summary>
    public static void Run(string program, string folder, int threads, Action<FormattableString> say)
    {
        using var loaded = Bench(program, folder, threads, batch: 1);
        var (steady, peak) = Memory(loaded);
        say($"{Value(loaded, "load_seconds"):R}");
        while (Console.ReadLine() is { } line)
        {
            if (line == "memory")
            {
                say($"{steady:F0} {peak:F0}");
                continue;
            }

            using var measured = Bench(program, folder, threads, int.Parse(line, CultureInfo.InvariantCulture));
            (steady, peak) = Memory(measured);
            say($"{Value(measured, "seconds_median"):R}");
        }
    }

    private static JsonDocument Bench(string program, string folder, int threads, int batch)
    {
        var start = new ProcessStartInfo(program, ["bench", folder, "--engine", "cpu", "--batch", $"{batch}", "--threads", $"{threads}", "--json"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonDocument.Parse(output) : throw new InvalidOperationException($"{program} bench ended with {process.ExitCode}.");
    }

    private static (double Steady, double Peak) Memory(JsonDocument report) => (Value(report, "steady_bytes") / Kilobyte, Value(report, "peak_bytes") / Kilobyte);

    private static double Value(JsonDocument report, string name) => report.RootElement.GetProperty(name).GetDouble();
}
