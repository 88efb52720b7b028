using ConsistencyModels.Files;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// A file that only grows. Each piece is one write to the system: whoever reads along sees it at once, a killed process leaves at
/// most its last piece torn, and after a full disk nothing is left over that closing the file would try to write again.
/// </summary>
internal sealed class AppendedFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;

    /// <summary>Opens it to write at its end.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="mode">How; one that makes or opens a file.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be opened.</exception>
    public AppendedFile(string path, FileMode mode)
    {
        _path = path;
        _stream = RunFile.On(path, () => new FileStream(path, mode, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0));
    }

    /// <summary>What is there now, to be read before anything is appended; closed with this.</summary>
    public Stream Content => _stream;

    /// <summary>Cuts off what comes after this many bytes and goes on there.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public void CutTo(long length) => RunFile.On(_path, () =>
    {
        if (_stream.Length != length)
        {
            _stream.SetLength(length);
        }

        _stream.Position = length;
    });

    /// <summary>Appends.</summary>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be written.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (Exception e) when (RunFile.Failure(_path, e) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Puts what was appended on the disk: it is there after a power cut too.</summary>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Append"/>.</exception>
    public void Flush() => RunFile.On(_path, () => _stream.Flush(flushToDisk: true));

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}

/// <summary>What is done to a file of a run, with failures as one line.</summary>
internal static class RunFile
{
    /// <summary>Does it.</summary>
    /// <exception cref="ConsistencyModelsException">The disk is full, or the file cannot be read or written.</exception>
    public static T On<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (Failure(path, e) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Does it, without a result.</summary>
    /// <exception cref="ConsistencyModelsException">As for <see cref="On{T}"/>.</exception>
    public static void On(string path, Action action) => On(path, () =>
    {
        action();
        return true;
    });

    /// <summary>The failure in one line; null for what is no failure of the file system.</summary>
    public static ConsistencyModelsException? Failure(string path, Exception e) => e switch
    {
        IOException full when AtomicFile.IsDiskFull(full) => new($"{path}: disk is full; the run stops", full),
        IOException or UnauthorizedAccessException when Directory.Exists(path) => new($"{path}: this is a folder, expected a file", e),
        DirectoryNotFoundException => new($"{path}: its folder does not exist", e),
        IOException or UnauthorizedAccessException => new($"{path}: cannot be written: {e.Message.ReplaceLineEndings(" ")}", e),
        _ => null,
    };
}
