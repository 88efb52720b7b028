using System.Text;

namespace ConsistencyModels.Files;

/// <summary>
/// A file written whole, under a temporary name beside its place. Deleted when disposed, unless it was moved.
/// It is locked until then: what lies there unlocked was left by a process that was killed, and goes when the same file is written again.
/// </summary>
internal sealed class PreparedFile : IDisposable
{
    private const string Ending = ".tmp";
    private const int LongestName = 255;

    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly FileFacts? _owner;
    private readonly UnixFileMode? _mode;
    private bool _moved;

    private PreparedFile(string temporary, FileStream stream, FileFacts? owner, UnixFileMode? mode)
    {
        _temporary = temporary;
        _stream = stream;
        _owner = owner;
        _mode = mode;
    }

    /// <summary>Where the content goes.</summary>
    public Stream Content => _stream;

    /// <summary>Makes the temporary file.</summary>
    /// <param name="path">The file it will be.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static PreparedFile Create(string path)
    {
        // Beside the target, since a rename is atomic only within one file system; hidden, since it is nobody's business.
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full) ?? throw new ConsistencyModelsException($"{path}: this is a folder, expected a file");
        var (owner, mode) = Owner(full);
        var name = "." + Path.GetFileName(full) + Ending;
        if (Encoding.UTF8.GetByteCount(name) <= LongestName)
        {
            var usual = Path.Combine(folder, name);
            if (!File.Exists(usual) || RemoveIfLeft(usual))
            {
                try
                {
                    return new PreparedFile(usual, Open(usual, mode), owner, mode);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException && (FileFacts.Of(usual, follow: false) is not null || File.Exists(usual)))
                {
                    // Somebody else was faster, or it is no file.
                }
            }
        }

        var other = Path.Combine(folder, $".{Guid.NewGuid():N}{Ending}");
        return new PreparedFile(other, Open(other, mode), owner, mode);
    }

    /// <summary>Removes temporary files of a folder that killed processes left.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="stem">How the names of the files they were to be begin.</param>
    public static void RemoveLeftovers(string folder, string stem)
    {
        foreach (var left in Directory.EnumerateFiles(folder, $".{stem}*{Ending}").ToList())
        {
            RemoveIfLeft(left);
        }
    }

    /// <summary>Puts the content on the disk, with the owner and the permissions of the file it is to replace.</summary>
    public void Complete()
    {
        _stream.Flush();
        _owner?.Give(_stream.SafeFileHandle);
        if (_mode is { } mode && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_stream.SafeFileHandle, mode);
        }

        _stream.Flush(flushToDisk: true);
    }

    /// <summary>Moves it to its place; what is there is replaced in one step.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be moved.</exception>
    public void MoveTo(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                WindowsFiles.Replace(_temporary, Path.GetFullPath(path), File.Move);
            }
            else
            {
                File.Move(_temporary, path, overwrite: true);
            }

            _moved = true;
            _stream.Dispose();
            AtomicFile.FlushFolder(Path.GetDirectoryName(_temporary)!);
        }
        catch (Exception e) when (AtomicFile.Translate(path, e) is { } translated)
        {
            throw translated;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // While it is locked, so that nobody else has the name yet.
        if (!_moved)
        {
            AtomicFile.TryDelete(_temporary);
        }

        try
        {
            _stream.Dispose();
        }
        catch (IOException)
        {
            // What could not be written is not wanted any more.
        }
    }

    private static FileStream Open(string temporary, UnixFileMode? mode)
    {
        // On Windows what others may not delete cannot be renamed either, by whomever; nobody reads or writes it.
        var share = OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = share, BufferSize = 1 << 16 };
        if (mode is not null && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite; // for nobody else before it is known for whom
        }

        return new FileStream(temporary, options);
    }

    private static (FileFacts? Owner, UnixFileMode? Mode) Owner(string path)
    {
        const UnixFileMode Permissions = (UnixFileMode)0x1ff; // to run as another user is not handed on
        try
        {
            return OperatingSystem.IsWindows() || !File.Exists(path) ? (null, null)
                : (FileFacts.Of(path, follow: true) is { IsRegular: true } owner ? owner : null, File.GetUnixFileMode(path) & Permissions);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, null);
        }
    }

    // True if a file was left by somebody who is gone, and is gone now too.
    private static bool RemoveIfLeft(string temporary)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                // It does not open what somebody writes.
                using var unused = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
                return true;
            }

            if (FileFacts.Of(temporary, follow: false) is not { IsRegular: true } left)
            {
                return false;
            }

            // Only who holds the lock of the file that has the name may take the name away.
            using var held = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            if (FileFacts.Of(held.SafeFileHandle)?.Number != left.Number || FileFacts.Of(temporary, follow: false)?.Number != left.Number || !LocksWork(temporary))
            {
                return false;
            }

            File.Delete(temporary);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Some network file systems know no locks: there every file looks abandoned.
    private static bool LocksWork(string held)
    {
        try
        {
            using var again = new FileStream(held, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
