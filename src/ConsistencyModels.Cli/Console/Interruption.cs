using System.Runtime.InteropServices;

namespace ConsistencyModels.Cli;

/// <summary>
/// Turns the first SIGINT (Ctrl-C), SIGTERM or SIGHUP (a terminal that is closed) into a cancelled token. If the program has then stood
/// still for a second, as in a read from a pipe that nobody fills, and after the second signal, what the system does by itself happens.
/// </summary>
internal sealed partial class Interruption : IDisposable
{
    // Looks at what the program does, in a row: together the second.
    private const int Looks = 4;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    // Between two looks, of standing still. Who computes comes to look at the token.
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private PosixSignal? _signal;
    private int _saving;

    public Interruption()
    {
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Stop));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Until the result is disposed the program is given all the time it needs after a signal: it finishes a step, and saves.</summary>
    public IDisposable TakeTime()
    {
        Interlocked.Increment(ref _saving);
        return new Taken(this);
    }

    public void Dispose()
    {
        GiveBack();
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        lock (_lock)
        {
            if (_signal is not null || _registrations.Count == 0)
            {
                return;
            }

            context.Cancel = true;
            _signal = context.Signal;
        }

        // Not a timer: its threads would be at work in every look.
        new Thread(Watch) { IsBackground = true, Name = nameof(Interruption) }.Start();
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The program has come to its end meanwhile.
        }
    }

    private void Watch()
    {
        var (worked, still) = (Environment.CpuUsage.TotalTime, 0);
        while (still < Looks || Volatile.Read(ref _saving) > 0)
        {
            Thread.Sleep(Pace);
            var before = worked;
            worked = Environment.CpuUsage.TotalTime;
            still = worked - before > Idle || ThreadStates.AnyAtWork() ? 0 : still + 1;
        }

        if (GiveBack())
        {
            Leave();
        }
    }

    // False if it was done before: then the program is at its end by itself.
    private bool GiveBack()
    {
        lock (_lock)
        {
            var had = _registrations.Count > 0;
            _registrations.ForEach(registration => registration.Dispose());
            _registrations.Clear();
            return had;
        }
    }

    // What is being written has a temporary name, and goes with the next try.
    private void Leave()
    {
        var number = _signal switch { PosixSignal.SIGHUP => 1, PosixSignal.SIGINT => 2, _ => 15 };
        if (!OperatingSystem.IsWindows())
        {
            _ = Kill(Environment.ProcessId, number);
            Thread.Sleep(TimeSpan.FromSeconds(1));
        }

        Environment.Exit(128 + number);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private sealed class Taken(Interruption owner) : IDisposable
    {
        private int _over;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _over, 1) == 0)
            {
                Interlocked.Decrement(ref owner._saving);
            }
        }
    }
}
