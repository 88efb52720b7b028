using System.IO.MemoryMappedFiles;
using ConsistencyModels.Files;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Checkpoints;

/// <summary>A whole file mapped read-only into memory. Safe to read from several threads, also while another disposes it.</summary>
/// <remarks>
/// Someone who truncates the file while it is mapped makes reads beyond the new end fail with SIGBUS, which ends the
/// process: managed code cannot catch that. Files are replaced by renaming (as AtomicFile does), never rewritten in place.
/// An instance that is dropped without being disposed leaks its address space, on purpose: spans handed out may still be in use.
/// </remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly SafeMemoryMappedViewHandle _handle;
    private readonly SafeFileHandle _file;
    private readonly byte* _start;
    private int _disposed;

    private MappedFile(string path, long length, SafeFileHandle file, SafeMemoryMappedViewHandle handle, long offset)
    {
        Path = path;
        Length = length;
        _handle = handle;
        _file = file;
        byte* pointer = null;
        handle.AcquirePointer(ref pointer);
        _start = pointer + offset;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>Bytes in the file when it was opened; at least 1.</summary>
    public long Length { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="CheckpointException">It is not there, cannot be read, or is empty.</exception>
    public static MappedFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Checkpoints are little-endian and this machine is not.");
        }

        SafeFileHandle? file = null;
        var kept = false;
        try
        {
            // Others may read it, and replace it by renaming; on Windows that needs Delete.
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            var length = RandomAccess.GetLength(file);
            if (length == 0)
            {
                throw new CheckpointException($"{path}: the file is empty");
            }

            using var map = MemoryMappedFile.CreateFromFile(
                file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            var view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            var mapped = new MappedFile(path, length, file, view.SafeMemoryMappedViewHandle, view.PointerOffset);
            kept = true;
            return mapped;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException($"{path}: there is no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            var what = Directory.Exists(path) ? "this is a folder, expected a file" : "cannot be read: " + Printable.Line(e.Message);
            throw new CheckpointException($"{path}: {what}", e);
        }
        finally
        {
            if (!kept)
            {
                file?.Dispose();
            }
        }
    }

    /// <summary>
    /// Copies a few bytes without touching the mapping: for headers scattered over a large file, each of which would bring its
    /// neighbourhood into resident memory.
    /// </summary>
    /// <exception cref="CheckpointException">They cannot be read.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        CheckRange(offset, destination.Length);
        try
        {
            for (var done = 0; done < destination.Length;)
            {
                var count = RandomAccess.Read(_file, destination[done..], offset + done);
                done += count > 0 ? count : throw new CheckpointException($"{Path}: it was cut short while it was read");
            }
        }
        catch (IOException e)
        {
            throw new CheckpointException($"{Path}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>A view of part of the file; valid until this is disposed.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        CheckRange(offset, length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>What the file is known by; null where the system does not tell.</summary>
    public FileIdentity? Identity() => FileIdentity.Of(_file);

    /// <summary>Where part of the file lies; valid until this is disposed.</summary>
    public byte* Pointer(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        CheckRange(offset, length);
        return _start + offset;
    }

    /// <summary>Converts stored elements to float32; the mapping cannot go away meanwhile.</summary>
    public void ToSingle(long offset, TensorDType dtype, Span<float> destination)
    {
        const int Chunk = 1 << 20; // elements; keeps each span of bytes under int.MaxValue
        CheckRange(offset, (long)destination.Length * dtype.Size());
        using var lease = Hold();
        for (var done = 0; done < destination.Length; done += Chunk)
        {
            var count = Math.Min(Chunk, destination.Length - done);
            var bytes = new ReadOnlySpan<byte>(_start + offset + ((long)done * dtype.Size()), count * dtype.Size());
            FloatConversion.ToSingle(dtype, bytes, destination.Slice(done, count));
        }
    }

    /// <summary>Lets the pages wholly inside the range leave resident memory. Nothing is lost: the mapping is read-only and backed by the file.</summary>
    public void Drop(long offset, long length)
    {
        CheckRange(offset, length);
        using var lease = Hold();
        Pages.Drop(_start + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _handle.ReleasePointer();
            _handle.Dispose();
            _file.Dispose();
        }
    }

    private Lease Hold()
    {
        var held = false;
        _handle.DangerousAddRef(ref held); // ObjectDisposedException once closed
        return new Lease(_handle);
    }

    private void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"Not within the file's {Length} bytes.");
        }
    }

    private readonly ref struct Lease(SafeMemoryMappedViewHandle handle)
    {
        public void Dispose() => handle.DangerousRelease();
    }
}
