using System.Runtime.InteropServices;
using System.Text;

namespace ConsistencyModels.Files;

/// <summary>
/// Writes whole files so that a reader, a crash or a full disk never meets half of one: into a temporary file beside
/// the target, flushed to the disk, then renamed over it, and the folder flushed too. On any failure the temporary is deleted and what was there stays.
/// </summary>
public static partial class AtomicFile
{
    // The errno of Linux and macOS, which .NET passes on as HResult, and the HRESULTs of Windows.
    private static readonly int[] DiskFullUnix = OperatingSystem.IsMacOS() ? [28, 69] : [28, 122]; // ENOSPC, EDQUOT
    private static readonly int[] DiskFullWindows = [unchecked((int)0x80070070), unchecked((int)0x80070027)];

    /// <summary>
    /// Creates or replaces a file. The folder must exist. A link stays, and the file it leads to is replaced; a pipe or a device is written
    /// to as it is, since nothing can take its place.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes the content; the stream is write-only, buffered, and closed by the caller.</param>
    /// <exception cref="ConsistencyModelsException">The disk is full, the folder is missing, or the file may not be written.</exception>
    /// <remarks>What <paramref name="write"/> throws comes out as it is, unless it is an <see cref="IOException"/> from writing.</remarks>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        if (Links.LeadsToDevice(path))
        {
            WriteToDevice(path, write);
            return;
        }

        using var prepared = Prepare(path, End(path), write);
        prepared.Move();
    }

    /// <summary>Writes a whole file beside its place, to be moved there later: for what takes long, while the old file still counts.</summary>
    /// <param name="path">The file it will be. The folder must exist.</param>
    /// <param name="write">As for <see cref="Write"/>.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Write"/>.</exception>
    /// <remarks>A link in its place is replaced itself: in a folder that is written whole, such as one of the Hub's cache, it leads to what others use.</remarks>
    internal static PreparedFile Prepare(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        return Prepare(path, path, write);
    }

    private static PreparedFile Prepare(string path, string target, Action<Stream> write)
    {
        var temporary = TemporaryBeside(target);
        var created = false;
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                created = true;
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            return new PreparedFile(path, target, temporary);
        }
        catch (Exception e)
        {
            if (created)
            {
                TryDelete(temporary);
            }

            if (Translate(path, e) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }

    private static void WriteToDevice(string path, Action<Stream> write)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1 << 16);
            write(stream);
        }
        catch (Exception e) when (Translate(path, e) is { } translated)
        {
            throw translated;
        }
    }

    private static string End(string path)
    {
        try
        {
            return Links.End(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: its links lead nowhere: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Creates or replaces a text file, UTF-8 without a byte order mark. The folder must exist.</summary>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Write"/>.</exception>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Creates or replaces a file with these bytes. The folder must exist.</summary>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Write"/>.</exception>
    public static void WriteAllBytes(string path, ReadOnlyMemory<byte> bytes) => Write(path, stream => stream.Write(bytes.Span));

    /// <summary>Whether an I/O failure says that the disk, or the user's quota on it, is full.</summary>
    public static bool IsDiskFull(IOException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return (OperatingSystem.IsWindows() ? DiskFullWindows : DiskFullUnix).Contains(failure.HResult);
    }

    private static string TemporaryBeside(string path)
    {
        // Beside the target, since a rename is atomic only within one file system; hidden, since it is nobody's business.
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full) ?? throw new ConsistencyModelsException($"{path}: this is a folder, expected a file");
        return Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
    }

    internal static ConsistencyModelsException? Translate(string path, Exception failure) => failure switch
    {
        ConsistencyModelsException => null,
        IOException full when IsDiskFull(full) => new($"{path}: disk is full; the file was not written", full),
        _ when failure is IOException or UnauthorizedAccessException && Directory.Exists(path) =>
            new($"{path}: this is a folder, expected a file", failure),
        DirectoryNotFoundException => new($"{path}: its folder does not exist", failure),
        IOException or UnauthorizedAccessException => new($"{path}: cannot be written: {failure.Message.ReplaceLineEndings(" ")}", failure),
        _ => null,
    };

    /// <summary>
    /// Puts a folder's entries on the disk: until then a power cut may undo a rename in it. Windows does it by itself, and some file
    /// systems cannot; what was renamed is whole either way.
    /// </summary>
    internal static void FlushFolder(string folder)
    {
        const int readOnly = 0;
        if (!OperatingSystem.IsWindows() && Open(folder, readOnly) is >= 0 and var handle)
        {
            _ = FSync(handle);
            _ = Close(handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);

    internal static void TryDelete(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }
}

/// <summary>A file written whole, under a temporary name beside its place. Deleted when disposed, unless it was moved.</summary>
/// <param name="name">What messages call it.</param>
/// <param name="target">Its place.</param>
/// <param name="temporary">Where it is.</param>
internal sealed class PreparedFile(string name, string target, string temporary) : IDisposable
{
    private bool _moved;

    /// <summary>Moves it to its place; what is there is replaced in one step.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be moved.</exception>
    public void Move() => Move(name, target);

    /// <summary>Moves it to a place beside the one it was prepared for.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be moved.</exception>
    public void MoveTo(string path) => Move(path, path);

    private void Move(string path, string place)
    {
        try
        {
            File.Move(temporary, place, overwrite: true);
            AtomicFile.FlushFolder(Path.GetDirectoryName(temporary)!);
            _moved = true;
        }
        catch (Exception e) when (AtomicFile.Translate(path, e) is { } translated)
        {
            throw translated;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_moved)
        {
            AtomicFile.TryDelete(temporary);
        }
    }
}
