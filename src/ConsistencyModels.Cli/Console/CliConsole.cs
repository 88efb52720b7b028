
namespace ConsistencyModels.Cli;

/// <summary>Where a command writes: results to <see cref="Out"/>, everything a person reads meanwhile to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="ErrorIsTerminal">Whether somebody may be watching <see cref="Error"/>, so that lines can be redrawn.</param>
internal sealed record CliConsole(TextWriter Out, TextWriter Error, bool ErrorIsTerminal)
{
    /// <summary>How long work takes before its progress is shown.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Opens standard output for bytes, where a file was asked for there; whoever opens it disposes it.</summary>
    public Func<Stream> OpenOut { get; init; } = System.Console.OpenStandardOutput;

    /// <summary>The process's own streams.</summary>
    public static CliConsole OfProcess() => new(Console.Out, Console.Error, !Console.IsErrorRedirected);

    /// <summary>The same, with text that only says something: a file's or a server's words neither move the cursor nor end the program.</summary>
    public CliConsole Plain() => this with { Out = PlainWriter.Of(Out, mayFail: false), Error = PlainWriter.Of(Error, mayFail: true) };

    /// <summary>A line about what may not be meant, of which a file's words may be part.</summary>
    public void Note(string words) => Error.WriteLine($"note: {Printable.Line(words, 1000)}");

    /// <summary>The same, saying nothing meanwhile: for <c>--quiet</c>. Errors come out all the same.</summary>
    public CliConsole Quiet(bool quiet) => quiet ? this with { Out = TextWriter.Null, Error = TextWriter.Null, ErrorIsTerminal = false } : this;
}
