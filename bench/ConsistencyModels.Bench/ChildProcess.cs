using System.Diagnostics;
using System.Globalization;

namespace ConsistencyModels.Bench;

/// <summary>Measures whole processes, since start-up and peak memory belong to a process.</summary>
internal static class ChildProcess
{
    /// <summary>This program's own executable.</summary>
    public static string Self => Environment.ProcessPath!;

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Wall time in seconds and the last line it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static (double Seconds, string LastLine) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = clock.Elapsed.TotalSeconds;
        return process.ExitCode == 0
            ? (seconds, output.TrimEnd().Split('\n')[^1])
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    /// <summary>Peak resident memory of this process so far.</summary>
    public static long PeakKilobytes() => Kilobytes("VmHWM:");

    /// <summary>Resident memory of this process now.</summary>
    public static long ResidentKilobytes() => Kilobytes("VmRSS:");

    /// <summary>A line of what the system says about this process's memory.</summary>
    public static long Kilobytes(string key)
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(key.Length).Trim().TrimEnd(" kB"), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
