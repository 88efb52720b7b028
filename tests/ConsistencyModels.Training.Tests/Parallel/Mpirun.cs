using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Training.Tests.Parallel;

/// <summary>The worker, as several processes of Open MPI's mpirun or as one of its own.</summary>
internal static class Mpirun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly string Worker = Path.Combine(AppContext.BaseDirectory, "ConsistencyModels.Mpi.Worker");

    /// <summary>What came of it; output and errors of all processes, in any order.</summary>
    internal sealed record Result(int Code, string[] Output, string Errors)
    {
        /// <summary>The output of processes that all ended well.</summary>
        public string[] Fine()
        {
            Assert.True(Code == 0, $"exit code {Code}: {string.Join('\n', Output)}\n{Errors}");
            return Output;
        }
    }

    /// <summary>Starts <paramref name="count"/> workers, and waits for them.</summary>
    public static Task<Result> Run(int count, params string[] args) => Start(
        Launcher(),
        ["--allow-run-as-root", "--oversubscribe", "--mca", "mpi_yield_when_idle", "1", "-n", count.ToString(CultureInfo.InvariantCulture), Worker, .. args]);

    /// <summary>Starts one without a launcher, in an environment with variables of its own, and waits for it.</summary>
    public static Task<Result> Alone(Dictionary<string, string> environment, params string[] args) => Start(Worker, args, environment);

    // A machine of ours without it is no reason to call the tests good.
    private static string Launcher()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Open MPI is used on Linux only");
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "mpirun")).FirstOrDefault(File.Exists);
        if (found is null)
        {
            const string Missing = "mpirun: not found; apt-get install openmpi-bin";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Skip(Missing);
        }

        return found;
    }

    private static async Task<Result> Start(string program, IEnumerable<string> args, Dictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };

        // mpirun gives its processes a terminal, and .NET would begin by setting it up.
        start.Environment["TERM"] = "dumb";
        start.Environment["DOTNET_ROOT"] = new DirectoryInfo(RuntimeEnvironment.GetRuntimeDirectory()).Parent!.Parent!.Parent!.FullName;
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return new(process.ExitCode, output.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries), await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
