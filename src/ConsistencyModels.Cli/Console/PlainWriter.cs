using System.Text;

namespace ConsistencyModels.Cli;

/// <summary>
/// Passes on text without what a terminal would obey: names from files may hold escape sequences. Where nothing depends on what is
/// written, a closed or full stream is no reason to stop: a training run outlives its log.
/// </summary>
internal sealed class PlainWriter : TextWriter
{
    private readonly bool _mayFail;

    private PlainWriter(TextWriter inner, bool mayFail)
        : base(inner.FormatProvider)
    {
        Inner = inner;
        _mayFail = mayFail;
        CoreNewLine = inner.NewLine.ToCharArray();
    }

    /// <summary>Where the text goes. For who draws with escape sequences of its own.</summary>
    public TextWriter Inner { get; }

    /// <inheritdoc/>
    public override Encoding Encoding => Inner.Encoding;

    /// <summary>Wraps a writer, unless it is one of these or takes nothing.</summary>
    public static TextWriter Of(TextWriter inner, bool mayFail) =>
        inner is PlainWriter || ReferenceEquals(inner, Null) ? inner : new PlainWriter(inner, mayFail);

    /// <inheritdoc/>
    public override void Write(char value) => Pass([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Pass(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => Pass(buffer);

    /// <inheritdoc/>
    public override void Write(string? value) => Pass(value);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Pass(value + NewLine);

    /// <inheritdoc/>
    public override void WriteLine(ReadOnlySpan<char> buffer) => Pass([.. buffer, .. CoreNewLine]);

    /// <inheritdoc/>
    public override void Flush() => Attempt(Inner.Flush);

    private void Pass(ReadOnlySpan<char> text)
    {
        var plain = string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = from[i] is '\n' or '\t' || (from[i] == '\r' && OperatingSystem.IsWindows()) || !Printable.IsCommand(from[i]) ? from[i] : '?';
            }
        });
        Attempt(() => Inner.Write(plain));
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (_mayFail && e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // Nobody reads it.
        }
    }
}
