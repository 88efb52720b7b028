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

    /// <summary>Creates or replaces a file. The folder must exist.</summary>
    /// <param name="path">
    /// The file to write. A link is written through: what it points to is replaced, or made. A file that is replaced keeps its permissions
    /// and, as far as the user may, its owner. A pipe or a device receives the bytes once all of them are there (told apart on Linux and macOS).
    /// </param>
    /// <param name="write">Writes the content; the stream is write-only, buffered, seekable, and closed by the caller.</param>
    /// <exception cref="ConsistencyModelsException">The disk is full, the folder is missing, or the file may not be written.</exception>
    /// <remarks>What <paramref name="write"/> throws comes out as it is, unless it is an <see cref="IOException"/> from writing.</remarks>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        if (FileFacts.Of(path, follow: true) is { IsSpecial: true })
        {
            WriteInto(path, write);
            return;
        }

        var target = TargetOf(path);
        using var prepared = Prepare(target, write);
        prepared.MoveTo(target);
    }

    /// <summary>What a path means: the end of a chain of links, whether anything is there or not.</summary>
    /// <exception cref="ConsistencyModelsException">The links lead nowhere, as those in a circle.</exception>
    internal static string TargetOf(string path)
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

    /// <summary>
    /// Writes a whole file beside its place, to be moved there later: for what takes long, while the old file still counts. A link at its
    /// place is replaced, not followed: model folders of the Hub's cache link to files that belong to others too.
    /// </summary>
    /// <param name="path">The file it will be. The folder must exist.</param>
    /// <param name="write">As for <see cref="Write"/>.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Write"/>.</exception>
    internal static PreparedFile Prepare(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        PreparedFile? prepared = null;
        try
        {
            prepared = PreparedFile.Create(path);
            write(prepared.Content);
            prepared.Complete();
            return prepared;
        }
        catch (Exception e)
        {
            prepared?.Dispose();
            if (Translate(path, e) is { } translated)
            {
                throw translated;
            }

            throw;
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

    // Nothing goes into a pipe or a device that is not complete, and whoever writes may seek.
    private static void WriteInto(string path, Action<Stream> write)
    {
        try
        {
            using var whole = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            write(whole);
            whole.Position = 0;
            using var target = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            whole.CopyTo(target);
        }
        catch (Exception e) when (Translate(path, e) is { } translated)
        {
            throw translated;
        }
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
