using System.Diagnostics;
using System.Globalization;

namespace ConsistencyModels.Bench;

/// <summary>Measures whole processes, since start-up and peak memory belong to a process.</summary>
internal static class ChildProcess
{
    /// <summary>Starts this program once more: by its own executable, or by the runtime's if it was started as <c>dotnet NAME.dll</c>.</summary>
    public static ProcessStartInfo Again(params string[] arguments)
    {
        var program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(ChildProcess).Assembly.Location] : [];
        return new(program, [.. self, .. arguments]) { RedirectStandardOutput = true };
    }

    /// <summary>Runs this program once more, to its end; the rest as <see cref="Run(string, string[])"/>.</summary>
    public static (double Seconds, string LastLine) RunAgain(params string[] arguments) => Run(Again(arguments));

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Wall time in seconds and the last line it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static (double Seconds, string LastLine) Run(string program, params string[] arguments) =>
        Run(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true });

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

    private static (double Seconds, string LastLine) Run(ProcessStartInfo start)
    {
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = clock.Elapsed.TotalSeconds;
        return process.ExitCode == 0
            ? (seconds, output.TrimEnd().Split('\n')[^1])
            : throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}.");
    }
}
