using System.Buffers.Binary;
using System.Text.Json;
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
            if (WrongContent.Describe(file.Span(0, (int)Math.Min(file.Length, WrongContent.Beginning))) is { } wrong)
            {
                throw new CheckpointException($"{path}: not a safetensors file: it is {wrong}");
            }

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

    /// <summary>Copies a part of a tensor as float32, of tensors that no span can view too.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="first">The first element.</param>
    /// <param name="destination">Receives the elements from there on, at most as many as are left.</param>
    /// <exception cref="KeyNotFoundException">No tensor has that name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part is not all in the tensor.</exception>
    public void CopyTo(string name, long first, Span<float> destination)
    {
        var entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, entry.Info.ElementCount - destination.Length);
        _file.ToSingle(_dataStart + entry.Begin + (first * entry.Info.DType.Size()), entry.Info.DType, destination);
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

/// <summary>The parsed and validated header of a safetensors file.</summary>
/// <param name="Entries">Each tensor and where its bytes lie, counted from the end of the header.</param>
/// <param name="Metadata">The <c>__metadata__</c> entry.</param>
internal sealed record SafetensorsHeader(
    Dictionary<string, SafetensorsHeader.Entry> Entries,
    Dictionary<string, string> Metadata)
{
    /// <summary>The longest header the format allows, in bytes.</summary>
    public const int LongestHeader = 100_000_000;

    /// <summary>The key that is not a tensor.</summary>
    public const string MetadataKey = "__metadata__";

    private const int Deepest = 8; // a valid header needs 3
    private const int HighestRank = 64; // PyTorch's limit

    /// <summary>Parses the header and checks that the tensors tile the data exactly.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header, without its length.</param>
    /// <param name="dataLength">Bytes after the header.</param>
    /// <exception cref="CheckpointException">Anything is wrong with it.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataLength)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw new CheckpointException($"{path}: not a safetensors file: the header does not begin with '{{'");
        }

        var header = new SafetensorsHeader([], []);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Deepest });
            reader.Read();
            header.ReadEntries(path, ref reader);
            if (reader.Read())
            {
                throw new CheckpointException($"{path}: the header continues after its closing brace");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: strings that are not UTF-8, which the reader notices only when it decodes them.
            throw new CheckpointException($"{path}: the header is not valid JSON: {Printable.Line(e.Message)}", e);
        }

        header.CheckLayout(path, dataLength);
        return header;
    }

    private void ReadEntries(string path, ref Utf8JsonReader reader)
    {
        var hasMetadata = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
            {
                if (hasMetadata)
                {
                    throw new CheckpointException($"{path}: the header has two {MetadataKey} entries");
                }

                hasMetadata = true;
                ReadMetadata(path, ref reader);
            }
            else if (!Entries.TryAdd(name, ReadEntry(path, name, ref reader)))
            {
                throw Bad(path, name, "is in the header twice");
            }
        }
    }

    private void ReadMetadata(string path, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return; // the reference accepts it
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new CheckpointException($"{path}: {MetadataKey} is {reader.TokenType}, expected an object of strings");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new CheckpointException($"{path}: {MetadataKey} {Printable.Quote(key)} is {reader.TokenType}, expected a string");
            }

            if (!Metadata.TryAdd(key, reader.GetString()!))
            {
                throw new CheckpointException($"{path}: {MetadataKey} has {Printable.Quote(key)} twice");
            }
        }
    }

    private static Entry ReadEntry(string path, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad(path, name, $"is {reader.TokenType}, expected an object with dtype, shape and data_offsets");
        }

        TensorDType? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when dtype is null: dtype = ReadDType(path, name, ref reader); break;
                case "shape" when shape is null: shape = ReadNumbers(path, name, key, ref reader); break;
                case "data_offsets" when offsets is null: offsets = ReadNumbers(path, name, key, ref reader); break;
                case "dtype" or "shape" or "data_offsets": throw Bad(path, name, $"has {key} twice");
                default: reader.Skip(); break; // like the reference: a newer writer may say more about a tensor
            }
        }

        if (dtype is null || shape is null || offsets is null)
        {
            throw Bad(path, name, $"has no {(dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        }

        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw Bad(path, name, $"has data_offsets {Printable.Shape(offsets)}, expected [begin, end] with begin <= end");
        }

        CheckSize(path, name, dtype.Value, shape, offsets[1] - offsets[0]);
        return new Entry(new TensorInfo(name, dtype.Value, Array.AsReadOnly(shape)), offsets[0], offsets[1]);
    }

    private static TensorDType ReadDType(string path, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw Bad(path, name, $"has a dtype that is {reader.TokenType}, expected a string");
        }

        var text = reader.GetString()!;
        return TensorDTypeExtensions.TryParse(text, out var dtype)
            ? dtype
            : throw Bad(path, name, $"has dtype {Printable.Quote(text)}, which is not supported");
    }

    private static long[] ReadNumbers(string path, string name, string key, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Bad(path, name, $"has a {key} that is {reader.TokenType}, expected an array of whole numbers");
        }

        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw Bad(path, name, $"has a {key} with something that is not a whole number from 0 to 2^63-1");
            }

            if (numbers.Count == HighestRank)
            {
                throw Bad(path, name, $"has a {key} with more than {HighestRank} numbers");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void CheckSize(string path, string name, TensorDType dtype, long[] shape, long found)
    {
        long size = 1;
        try
        {
            foreach (var dimension in shape)
            {
                size = checked(size * dimension);
            }

            size = checked(size * dtype.Size());
        }
        catch (OverflowException)
        {
            throw Bad(path, name, $"has shape {Printable.Shape(shape)}, whose size overflows");
        }

        if (size != found)
        {
            throw Bad(path, name, $"has {found} bytes, expected {size} for {dtype.FormatName()} {Printable.Shape(shape)}");
        }
    }

    private void CheckLayout(string path, long dataLength)
    {
        var ordered = Entries.Values.ToArray();
        Array.Sort(ordered, (a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        long end = 0;
        foreach (var entry in ordered)
        {
            if (entry.Begin != end)
            {
                var how = entry.Begin < end ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Bad(path, entry.Info.Name, $"begins at byte {entry.Begin} of the data, expected {end}: it {how}");
            }

            end = entry.End;
            if (end > dataLength)
            {
                throw Bad(path, entry.Info.Name, $"ends at byte {end} of the data, but the file has only {dataLength}: it was cut short");
            }
        }

        if (end != dataLength)
        {
            throw new CheckpointException($"{path}: the tensors end at byte {end} of the data, but the file has {dataLength}: trailing bytes");
        }
    }

    private static CheckpointException Bad(string path, string name, string what) =>
        new($"{path}: tensor {Printable.Quote(name)} {what}");

    /// <summary>A tensor and its half-open range of bytes in the data.</summary>
    internal readonly record struct Entry(TensorInfo Info, long Begin, long End);
}
