using System.Runtime.InteropServices;

namespace ConsistencyModels.Cli;

/// <summary>Where a command writes: results to <see cref="Out"/>, everything a person reads meanwhile to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="ErrorIsTerminal">Whether somebody may be watching <see cref="Error"/>, so that lines can be redrawn.</param>
internal sealed record CliConsole(TextWriter Out, TextWriter Error, bool ErrorIsTerminal)
{
    /// <summary>How long work takes before its progress is shown.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The process's own streams.</summary>
    public static CliConsole OfProcess() => new(Console.Out, Console.Error, !Console.IsErrorRedirected);

    /// <summary>The same, saying nothing meanwhile: for <c>--quiet</c>. Errors come out all the same.</summary>
    public CliConsole Quiet(bool quiet) => quiet ? this with { Out = TextWriter.Null, Error = TextWriter.Null, ErrorIsTerminal = false } : this;
}

/// <summary>Turns the first SIGINT (Ctrl-C) or SIGTERM into a cancelled token; the second ends the process as it would without this.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        if (!_source.IsCancellationRequested)
        {
            context.Cancel = true;
            _source.Cancel();
        }
    }
}
