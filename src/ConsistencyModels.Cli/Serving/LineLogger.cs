using Microsoft.Extensions.Logging;

namespace ConsistencyModels.Cli.Serving;

/// <summary>The server's log as lines like all others of the program.</summary>
internal sealed class LineLoggerProvider(TextWriter output) : ILoggerProvider
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string message, Exception? exception)
    {
        var mark = level switch { LogLevel.Warning => "warning: ", LogLevel.Error or LogLevel.Critical => "error: ", _ => "" };
        lock (_gate)
        {
            output.WriteLine($"cm: {mark}{Printable.Line(message.ReplaceLineEndings(" "), 1000)}");
            if (exception is not null)
            {
                // What our own mistakes and those of models are about; it goes to whoever runs the server, never to a client.
                output.WriteLine(Environment.GetEnvironmentVariable("CM_DEBUG") is { Length: > 0 } ? exception.ToString() : $"cm: {mark}{Printable.Line($"{exception.GetType().Name}: {exception.Message}".ReplaceLineEndings(" "), 1000)}");
            }
        }
    }

    private sealed class LineLogger(LineLoggerProvider owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner.Write(logLevel, formatter(state, exception), exception);
    }
}
