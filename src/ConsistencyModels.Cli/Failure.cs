using System.Runtime.InteropServices;
using ConsistencyModels.Files;

namespace ConsistencyModels.Cli;

/// <summary>One line and an exit code for whatever went wrong.</summary>
/// <param name="Line">The line, without the program's name.</param>
/// <param name="Code">See <see cref="ExitCode"/>.</param>
internal sealed record Failure(string Line, int Code)
{
    /// <summary>
    /// Says what an exception means for a person. Bad input is only what the project's own exceptions say, and what the system says of a
    /// file or a native library. An ArgumentException is a mistake of the program, as anything unforeseen is: where an option of the user's
    /// is checked by the library, the command says so (<see cref="OfOption"/>).
    /// </summary>
    public static Failure Of(Exception exception) => exception switch
    {
        AggregateException { InnerException: { } inner } => Of(inner),
        ConsistencyModelsException => Bad(exception.Message),
        IOException full when AtomicFile.IsDiskFull(full) => Bad($"disk is full: {exception.Message}"),
        EndOfStreamException => Mistake(exception), // of a reader of ours: it says of no file that it is cut short
        IOException or UnauthorizedAccessException => Bad(exception.Message),
        OperationCanceledException => new("cancelled", ExitCode.Cancelled),
        OutOfMemoryException or InsufficientMemoryException =>
            new("not enough memory; try a smaller --chunk, --batch or --micro-batch", ExitCode.Failed),
        TypeInitializationException { InnerException: { } inner } => Of(inner),
        DllNotFoundException or BadImageFormatException =>
            Bad($"a native library does not load: {exception.Message}; `cm doctor` tells more"),
        ExternalException when exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) =>
            new("the device has not enough memory; try a smaller --chunk, --batch or --micro-batch", ExitCode.Failed),
        ExternalException => new($"libtorch: {FirstLine(exception.Message)}", ExitCode.Failed),
        _ => Mistake(exception),
    };

    /// <summary>What to say of an exception; CM_DEBUG shows first where it comes from.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="error">Where that goes.</param>
    public static Failure Tell(Exception exception, TextWriter error)
    {
        if (Environment.GetEnvironmentVariable("CM_DEBUG") is { Length: > 0 })
        {
            error.WriteLine(exception);
        }

        return Of(exception);
    }

    /// <summary>Names may hold anything, even what moves the cursor: it stays one line of plain text.</summary>
    public string Printable => ConsistencyModels.Printable.Line(Line.ReplaceLineEndings(" "), 4000);

    /// <summary>What the library says of an option that the user gave, for a person: .NET adds the parameter's name, which means nothing to one.</summary>
    public static string OfOption(ArgumentException exception)
    {
        var suffix = exception.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        var message = suffix < 0 ? exception.Message : exception.Message[..suffix];
        return exception is ArgumentOutOfRangeException { ActualValue: { } value } ? FormattableString.Invariant($"{message} Found {value}.") : message;
    }

    private static Failure Mistake(Exception exception) =>
        new($"unexpected {exception.GetType().Name}: {exception.Message} (this is a mistake in cm: please report it with what CM_DEBUG=1 shows)", ExitCode.Failed);

    private static Failure Bad(string line) => new(line, ExitCode.BadInput);

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
