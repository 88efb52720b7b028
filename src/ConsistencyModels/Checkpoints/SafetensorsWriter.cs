using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Writes safetensors files as the reference implementation does (safetensors' <c>serialize</c>): tensors sorted by element
/// type, widest first, then by name, the header padded with spaces to a multiple of 8 bytes, so all data is aligned.
/// </summary>
public static class SafetensorsWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Writes a file atomically: on any failure what was at <paramref name="path"/> stays.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="tensors">The tensors, in any order. Their bytes are asked for one tensor at a time.</param>
    /// <param name="metadata">Strings to store beside them; "format": "pt" is added unless given, since readers ask for it.</param>
    /// <exception cref="ConsistencyModelsException">The disk is full or the file cannot be written.</exception>
    /// <exception cref="ArgumentException">Two tensors have one name, or a name or metadata is not valid Unicode or is reserved.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape has.</exception>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, Content(path, tensors, metadata));

    /// <summary>Writes a file beside its place; see <see cref="Write"/>.</summary>
    internal static PreparedFile Prepare(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Prepare(path, Content(path, tensors, metadata));

    private static Action<Stream> Content(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var sorted = Sort(tensors);
        var header = Header(sorted, metadata);
        if (header.Length > SafetensorsHeader.LongestHeader)
        {
            throw new ConsistencyModelsException(
                $"{path}: its header would have {header.Length} bytes, the format allows {SafetensorsHeader.LongestHeader}");
        }

        return stream =>
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var tensor in sorted)
            {
                using var exact = new ExactStream(stream, tensor);
                tensor.Write(exact);
                exact.ThrowIfShort();
            }
        };
    }

    private static TensorToWrite[] Sort(IEnumerable<TensorToWrite> tensors)
    {
        var named = tensors.Select(tensor => (Tensor: tensor, Rank: tensor.Info.DType.Rank(), Name: Encode(tensor.Info.Name))).ToArray();

        // Names compare as UTF-8 bytes, as in Rust; UTF-16 order differs beyond the basic plane.
        Array.Sort(named, (a, b) => a.Rank != b.Rank ? b.Rank.CompareTo(a.Rank) : a.Name.AsSpan().SequenceCompareTo(b.Name));
        var names = new HashSet<string>();
        foreach (var (tensor, _, _) in named)
        {
            var name = tensor.Info.Name;
            if (name == SafetensorsHeader.MetadataKey || !names.Add(name))
            {
                throw new ArgumentException($"The tensor name {Printable.Quote(name)} is {(names.Contains(name) ? "used twice" : "reserved")}.", nameof(tensors));
            }
        }

        return [.. named.Select(item => item.Tensor)];
    }

    private static byte[] Header(TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject(SafetensorsHeader.MetadataKey);
            var entries = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
            foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            {
                entries[key] = value;
            }

            foreach (var (key, value) in entries)
            {
                json.WriteString(Encode(key), Encode(value));
            }

            json.WriteEndObject();
            long begin = 0;
            foreach (var tensor in tensors)
            {
                var end = checked(begin + tensor.ByteCount);
                json.WriteStartObject(tensor.Info.Name);
                json.WriteString("dtype", tensor.Info.DType.FormatName());
                json.WriteStartArray("shape");
                foreach (var dimension in tensor.Info.Shape)
                {
                    json.WriteNumberValue(dimension);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(begin);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                begin = end;
            }

            json.WriteEndObject();
        }

        buffer.GetSpan(8)[..8].Fill((byte)' ');
        buffer.Advance(-buffer.WrittenCount & 7);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Encode(string text)
    {
        try
        {
            return StrictUtf8.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"{Printable.Quote(text)} is not valid Unicode.", nameof(text), e);
        }
    }
}
