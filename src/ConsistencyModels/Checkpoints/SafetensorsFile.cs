using System.Buffers.Binary;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// One safetensors file, memory mapped: opening reads only the header, and tensors are views of the file.
/// Format: https://huggingface.co/docs/safetensors (an 8-byte header length, a JSON header, the data).
/// </summary>
/// <remarks>
/// The file must not be shortened or rewritten in place while it is open: the process could be ended by the system
/// (SIGBUS). Replacing it by renaming another over it, as everything here does, is safe.
/// </remarks>
public sealed class SafetensorsFile : ITensorSource, IMappedTensors
{
    private readonly MappedFile _file;
    private readonly Dictionary<string, SafetensorsHeader.Entry> _entries;
    private readonly long _dataStart;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header, long dataStart)
    {
        _file = file;
        _entries = header.Entries;
        _dataStart = dataStart;
        Tensors = header.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Info).AsReadOnly();
        Metadata = header.Metadata.AsReadOnly();
    }

    /// <inheritdoc/>
    public string Origin => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    IReadOnlyList<MappedFile>? IMappedTensors.Files => [_file];

    /// <inheritdoc/>
    string IMappedTensors.View => "";

    /// <summary>Maps the file and validates its header against the format and the length of the file.</summary>
    /// <param name="path">The file. <see cref="Origin"/> is this text.</param>
    /// <exception cref="CheckpointException">It is not there, cannot be read, or is not a valid safetensors file.</exception>
    public static SafetensorsFile Open(string path) => Of(MappedFile.Open(path));

    /// <summary>The same for a file that is mapped already, which the result owns; closed if it is refused.</summary>
    internal static SafetensorsFile Of(MappedFile file)
    {
        const int Prefix = sizeof(ulong);
        var path = file.Path;
        try
        {
            if (file.Length < Prefix)
            {
                throw new CheckpointException($"{path}: not a safetensors file: it has only {file.Length} bytes");
            }

            var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, Prefix));
            if (length > SafetensorsHeader.LongestHeader)
            {
                throw new CheckpointException(
                    $"{path}: not a safetensors file: its header would have {length} bytes, the format allows {SafetensorsHeader.LongestHeader}");
            }

            var dataLength = file.Length - Prefix - (long)length;
            if (dataLength < 0)
            {
                throw new CheckpointException($"{path}: its header should have {length} bytes, but the file has only {file.Length}");
            }

            var header = SafetensorsHeader.Parse(path, file.Span(Prefix, (int)length), dataLength);
            return new SafetensorsFile(file, header, Prefix + (long)length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var entry = Find(name);
        var length = entry.End - entry.Begin;
        return length <= int.MaxValue
            ? _file.Span(_dataStart + entry.Begin, (int)length)
            : throw new CheckpointException($"{Origin}: tensor {Printable.Quote(name)} has {length} bytes, at most {int.MaxValue} can be viewed at once");
    }

    /// <inheritdoc/>
    public void CopyTo(string name, Span<float> destination)
    {
        var entry = Find(name);
        var count = entry.Info.ElementCount;
        if (destination.Length != count)
        {
            throw new ArgumentException(
                $"{Origin}: tensor {Printable.Quote(name)} has {count} elements, the destination {destination.Length}.", nameof(destination));
        }

        _file.ToSingle(_dataStart + entry.Begin, entry.Info.DType, destination);
    }

    /// <inheritdoc/>
    public void Release(string name)
    {
        var entry = Find(name);
        _file.Drop(_dataStart + entry.Begin, entry.End - entry.Begin);
    }

    /// <summary>Unmaps the file: spans from <see cref="Bytes"/> must not be used any more. Further calls throw.</summary>
    public void Dispose() => _file.Dispose();

    private SafetensorsHeader.Entry Find(string name) =>
        _entries.TryGetValue(name, out var entry)
            ? entry
            : throw new KeyNotFoundException($"{Origin}: there is no tensor {Printable.Quote(name)}.");
}
