using System.Runtime.InteropServices;

namespace ConsistencyModels.Cli;

/// <summary>
/// Turns the first SIGINT (Ctrl-C), SIGTERM or SIGHUP (a terminal that is closed) into a cancelled token. If the program has then stood
/// still for a second, as in a read from a pipe that nobody fills, and after the second signal, what the system does by itself happens.
/// </summary>
internal sealed partial class Interruption : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // In a second of standing still. Who computes comes to look at the token.
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private Timer? _timer;
    private PosixSignal _signal;
    private TimeSpan _worked;
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
        lock (_lock)
        {
            _timer?.Dispose();
            _registrations.ForEach(registration => registration.Dispose());
            _registrations.Clear();
        }

        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        lock (_lock)
        {
            if (_timer is not null || _registrations.Count == 0)
            {
                return;
            }

            context.Cancel = true;
            _signal = context.Signal;
            _worked = Environment.CpuUsage.TotalTime;
            _timer = new Timer(_ => Leave(), null, Patience, Patience);
        }

        _source.Cancel();
    }

    // What is being written has a temporary name, and goes with the next try.
    private void Leave()
    {
        lock (_lock)
        {
            var before = _worked;
            _worked = Environment.CpuUsage.TotalTime;
            if (_worked - before > Idle || Volatile.Read(ref _saving) > 0 || _registrations.Count == 0)
            {
                return;
            }

            _registrations.ForEach(registration => registration.Dispose());
            _registrations.Clear();
        }

        var number = _signal switch { PosixSignal.SIGHUP => 1, PosixSignal.SIGINT => 2, _ => 15 };
        if (!OperatingSystem.IsWindows())
        {
            _ = Kill(Environment.ProcessId, number);
            Thread.Sleep(Patience);
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
