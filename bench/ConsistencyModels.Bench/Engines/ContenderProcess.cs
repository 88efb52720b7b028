using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Bench.Engines;

/// <summary>
/// The parent's side: a process that computes only while it is asked to. Thread pools spin for a while after their work (OpenMP's
/// and ONNX Runtime's longest), which would take the cores from whoever runs next; so a process is stopped as soon as it has
/// answered, and continued when its turn comes. Nobody's waiting has to be tuned for that.
/// </summary>
internal sealed partial class ContenderProcess : IDisposable
{
    private const int Continue = 18; // SIGCONT
    private const int Stop = 19; // SIGSTOP

    private readonly Process _process;

    public ContenderProcess(string name, BenchModel model, int threads)
        : this(name, threads, "contender", name, model.Folder, model.OnnxFolder, $"{threads}")
    {
    }

    /// <summary>Starts this program once more as somebody who answers each line with numbers, the first without being asked.</summary>
    public ContenderProcess(string name, int threads, params string[] arguments)
    {
        Name = name;
        var start = ChildProcess.Again(arguments);
        start.RedirectStandardInput = true;
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        start.Environment["MKL_NUM_THREADS"] = $"{threads}";
        _process = Process.Start(start)!;
        LoadSeconds = Answer()[0];
    }

    public string Name { get; }

    /// <summary>From opening the weights to a network that is ready: for the engine this is packing.</summary>
    public double LoadSeconds { get; }

    /// <summary>Seconds of one forward pass.</summary>
    public double Forward(int batch) => Ask($"{batch}")[0];

    /// <summary>What it answers to a line.</summary>
    public double[] Ask(string line)
    {
        Tell(line);
        return Answer();
    }

    /// <summary>Resident bytes now, and the most there were.</summary>
    public (double Steady, double Peak) Memory()
    {
        const double Kilobyte = 1024;
        Tell("memory");
        return Answer() is [var now, var peak] ? (now * Kilobyte, peak * Kilobyte) : throw new InvalidOperationException("No two numbers.");
    }

    public void Dispose()
    {
        Signal(Continue);
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(30)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private void Tell(string line)
    {
        Signal(Continue);
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    private double[] Answer()
    {
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The contender {Name} ended early.");
        Signal(Stop);
        return [.. line.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
    }

    private void Signal(int signal)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Kill(_process.Id, signal);
        }
    }
}
