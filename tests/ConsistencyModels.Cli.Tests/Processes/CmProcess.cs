using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>The real program, as a process of its own.</summary>
internal static partial class CmProcess
{
    /// <summary>SIGINT, what Ctrl-C sends.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>The executable.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "cm.exe" : "cm");

    /// <summary>Starts it; the caller disposes the process.</summary>
    public static Process Start(params string[] args) => Launch(Path, args);

    /// <summary>Starts it with variables of its own; the caller disposes the process.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] args) => Launch(environment, Path, args);

    /// <summary>Starts any program with the environment the executable needs; the caller disposes the process.</summary>
    public static Process Launch(string program, params string[] args) => Launch(new Dictionary<string, string>(), program, args);

    /// <summary>Starts a line in a shell, in a folder, with programs of its own before others; the caller disposes the process.</summary>
    public static Process Shell(string line, string folder, string programs) =>
        Launch(new Dictionary<string, string> { ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}" }, "bash", ["-c", line], folder);

    /// <summary>Starts any program with variables of its own; the caller disposes the process.</summary>
    public static Process Launch(IReadOnlyDictionary<string, string> environment, string program, string[] args, string folder = "")
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        // The executable looks for the runtime in its own places: it is to be that of the tests.
        start.Environment["DOTNET_ROOT"] = new DirectoryInfo(RuntimeEnvironment.GetRuntimeDirectory()).Parent!.Parent!.Parent!.FullName;
        return Process.Start(start)!;
    }

    /// <summary>Starts two processes of it by Open MPI's mpirun, or skips the test where there is none; the caller disposes mpirun.</summary>
    public static Process Mpirun(Dictionary<string, string> environment, params string[] args)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Open MPI is used on Linux only");
        var mpirun = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => System.IO.Path.Combine(folder, "mpirun")).FirstOrDefault(File.Exists);
        if (mpirun is null)
        {
            const string Missing = "mpirun: not found; apt-get install openmpi-bin";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Skip(Missing);
        }

        // mpirun gives its processes a terminal, and .NET would begin by setting it up.
        environment["TERM"] = "dumb";
        return Launch(environment, mpirun, ["--quiet", "--allow-run-as-root", "--oversubscribe", "--mca", "mpi_yield_when_idle", "1", "-n", "2", Path, .. args]);
    }

    /// <summary>Waits for the end and reads everything.</summary>
    public static async Task<Cm.Result> Finish(Process process)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var error = process.StandardError.ReadToEndAsync(cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new(process.ExitCode, output, await error);
    }

    /// <summary>Starts it and waits for the end.</summary>
    public static async Task<Cm.Result> Run(params string[] args)
    {
        using var process = Start(args);
        return await Finish(process);
    }

    /// <summary>Starts it with variables of its own and waits for the end.</summary>
    public static async Task<Cm.Result> Run(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        using var process = Start(environment, args);
        return await Finish(process);
    }

    /// <summary>Sends a signal that the process heeds.</summary>
    public static void Signal(Process process, int signal)
    {
        Assert.False(
            signal != Kill && OperatingSystem.IsLinux() && Has(process, "SigIgn", signal),
            string.Create(CultureInfo.InvariantCulture, $"the tests were started with signal {signal} ignored, as a shell's & does, and so are their programs: start them in the foreground"));
        Assert.True(kill(process.Id, signal) == 0, string.Create(CultureInfo.InvariantCulture, $"kill: {Marshal.GetLastPInvokeError()}"));
    }

    /// <summary>Whether a signal is in one of the masks of <c>/proc/N/status</c>: SigIgn are those that a process ignores, SigCgt those that it catches.</summary>
    public static bool Has(Process process, string mask, int signal)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith(mask, StringComparison.Ordinal));
        return (ulong.Parse(line[(mask.Length + 1)..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) != 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
