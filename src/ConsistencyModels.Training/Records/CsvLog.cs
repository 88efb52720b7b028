using System.Text;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// <c>loss.csv</c>: a row for each line of the log, with a header, a decimal point and LF in every culture. When a run is resumed, rows
/// from after its checkpoint are cut off: those steps come again.
/// </summary>
internal sealed class CsvLog : IDisposable
{
    private readonly AppendedFile _file;

    /// <summary>Opens the file of a run, or begins it.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="images">Images learnt from when the run goes on: rows of more are cut off. 0 begins anew.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written, or it is not one of these.</exception>
    public CsvLog(string path, long images)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(images);
        _file = new(path, FileMode.OpenOrCreate);
        try
        {
            _file.CutTo(RunFile.On(path, () => Kept(path, _file.Content, images)));
            if (_file.Content.Position == 0)
            {
                Append(LogRow.Header);
            }
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Adds a row.</summary>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Add(in LogRow row) => Append(row.ToCsv());

    /// <summary>Puts the rows on the disk.</summary>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Reads the rows of a file, one at a time, up to the first line that is none (a torn one at the end).</summary>
    /// <param name="path">The file; it may be open for writing elsewhere.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be read, or it is not one of these.</exception>
    public static IEnumerable<LogRow> Read(string path)
    {
        using var stream = RunFile.On(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var lines = Lines(path, stream);
        while (RunFile.On(path, lines.Next) is { } line)
        {
            if (!LogRow.TryParse(line.Span, out var row))
            {
                break;
            }

            yield return row;
        }
    }

    // The length of what stays: the header, and rows up to the first that is of later images or no row.
    private static long Kept(string path, Stream stream, long images)
    {
        var lines = Lines(path, stream);
        var end = lines.Position;
        while (images > 0 && lines.Next() is { } line && LogRow.TryParse(line.Span, out var row) && row.Images <= images)
        {
            end = lines.Position;
        }

        return end;
    }

    // Behind the header. One that is torn is of a run that was killed at birth.
    private static LineReader Lines(string path, Stream stream)
    {
        var lines = new LineReader(stream);
        var header = Encoding.UTF8.GetBytes(LogRow.Header);
        var ours = lines.Next() is { } first ? first.Span.SequenceEqual(header) : header.AsSpan().StartsWith(lines.Rest.Span);
        if (!ours)
        {
            throw new ConsistencyModelsException(
                $"{path}: its first line is not that of a run's log, \"{LogRow.Header}\"; move the file away, or choose another run folder");
        }

        return lines;
    }

    private void Append(string line) => _file.Append(Encoding.UTF8.GetBytes(line + "\n"));
}

/// <summary>Reads whole lines, and knows where each ends. A line without an end is none; nor is one of more than 64 KiB.</summary>
internal sealed class LineReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>Bytes up to the end of the last line that was read.</summary>
    public long Position { get; private set; }

    /// <summary>After the last line: what is left, of which no line can be made.</summary>
    public ReadOnlyMemory<byte> Rest => _buffer.AsMemory(_start, _end - _start);

    /// <summary>The next line without its end, valid until the next call; null where there are no more.</summary>
    public ReadOnlyMemory<byte>? Next()
    {
        var searched = 0;
        while (true)
        {
            if (_buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n') is >= 0 and var at)
            {
                var length = searched + at;
                var line = _buffer.AsMemory(_start, length);
                _start += length + 1;
                Position += length + 1;
                return line;
            }

            searched = _end - _start;
            _buffer.AsSpan(_start, searched).CopyTo(_buffer);
            (_start, _end) = (0, searched);
            var read = stream.Read(_buffer.AsSpan(searched));
            if (read == 0)
            {
                return null;
            }

            _end += read;
        }
    }
}
