using System.Buffers.Binary;
using System.IO.Compression;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Files;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Formats;

/// <summary>
/// numpy's .npz: a zip of .npy arrays, stored or deflated. The pictures are uint8 [N, H, W, C] or [N, H, W] (openai's batches are
/// <c>arr_0</c>, and <c>arr_1</c> has the labels), the labels integers [N] or [N, 1].
/// </summary>
internal sealed class NpzSource : ArraySource
{
    private static readonly string[] ImageNames = ["arr_0", "images", "image", "data", "x"];
    private static readonly string[] LabelNames = ["arr_1", "labels", "label", "y"];

    private readonly string _entry;
    private readonly PictureShape _shape;

    private NpzSource(string path, string entry, PictureShape shape, ClassLabels classes)
        : base(path, [path], shape, classes)
    {
        _entry = entry;
        _shape = shape;
    }

    /// <summary>Opens an archive.</summary>
    public static NpzSource Open(string path, ImageDataSetOptions options)
    {
        using ZipArchive archive = ZipFiles.Open(path);
        string[] arrays = [.. ZipFiles.Entries(archive, path, options.MaxEntries).Select(entry => entry.FullName).Where(IsArray)];
        string images = Find(arrays, ImageNames, options.Split)
            ?? throw new ConsistencyModelsException(
                $"{path}: has no array of pictures{(options.Split is { } part ? $" of the part '{part}'" : string.Empty)}; expected {string.Join(", ", ImageNames)} among {List(arrays)}.");
        string name = $"{path}/{images}";
        int count;
        PictureShape shape;
        using (Stream stream = OpenArray(archive, path, images, out long length))
        {
            NpyHeader header = NpyHeader.Read(stream, name);
            if (header.Type is not ("|u1" or "<u1" or ">u1" or "u1"))
            {
                throw new ConsistencyModelsException($"{name}: has numbers of type {Printable.Quote(header.Type)}; expected bytes ('|u1'), pixels of 0 to 255.");
            }

            (count, shape) = DataStreams.CheckShape(name, header.Shape, length, options);
        }

        string? labels = options.ClassesFrom == ClassRule.None ? null : Find(arrays, LabelNames, options.Split);
        return labels is null
            ? new(path, images, shape, ClassLabels.Single(count))
            : new(path, images, shape, ClassLabels.Of(ReadLabels(archive, path, labels, count), null, options, $"{path}/{labels}"));
    }

    public override IEnumerable<PendingPicture> ReadAll()
    {
        string name = $"{Name}/{_entry}";
        using ZipArchive archive = ZipFiles.Open(Name);
        using Stream stream = OpenArray(archive, Name, _entry, out _);
        NpyHeader.Read(stream, name);
        for (int i = 0; i < Count; i++)
        {
            byte[] pixels = new byte[_shape.Length];
            DataStreams.ReadExactly(stream, pixels, name, $"image {i} of {Count}");
            yield return new(i, null, new ImageBuffer(_shape.Width, _shape.Height, _shape.Channels, pixels));
        }

        DataStreams.ExpectEnd(stream, name, $"the {Count} pictures its header says");
    }

    /// <summary>Whether an entry of an archive is an array.</summary>
    public static bool IsArray(string entry) => entry.EndsWith(".npy", StringComparison.Ordinal);

    private static string? Find(IEnumerable<string> arrays, string[] names, string? part) => names
        .SelectMany(name => part is null ? (string[])[name, $"train_{name}"] : [$"{part}_{name}"])
        .Select(name => arrays.FirstOrDefault(array => array == name + ".npy"))
        .FirstOrDefault(array => array is not null);

    private static string List(string[] arrays) => arrays.Length == 0 ? "no arrays" : Printable.Line(string.Join(", ", arrays.Take(10)));

    private static Stream OpenArray(ZipArchive archive, string path, string entry, out long length)
    {
        (Stream stream, length) = DataStreams.Guard($"{path}/{entry}", () =>
        {
            ZipArchiveEntry found = archive.GetEntry(entry) ?? throw new InvalidDataException("it is not there any more");
            long claimed = ZipFiles.LengthOf(found, $"{path}/{entry}", long.MaxValue, LinkEnd.InfoOf(path).Length);
            return (found.Open(), claimed);
        });
        return stream;
    }

    private static int[] ReadLabels(ZipArchive archive, string path, string entry, int count)
    {
        string name = $"{path}/{entry}";
        using Stream stream = OpenArray(archive, path, entry, out long length);
        NpyHeader header = NpyHeader.Read(stream, name);
        if (header.Shape is not ([_] or [_, 1]) || header.Shape[0] != count)
        {
            throw new ConsistencyModelsException($"{name}: is {string.Join(" x ", header.Shape)}; expected a label for each of {count} pictures.");
        }

        (int size, Func<byte[], long> read) = header.Type switch
        {
            "|u1" or "u1" => (1, bytes => bytes[0]),
            "|i1" or "i1" => (1, bytes => (sbyte)bytes[0]),
            "<i2" => (2, bytes => BinaryPrimitives.ReadInt16LittleEndian(bytes)),
            "<u2" => (2, bytes => BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
            "<i4" => (4, bytes => BinaryPrimitives.ReadInt32LittleEndian(bytes)),
            "<u4" => (4, bytes => BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
            "<i8" or "<u8" => (8, (Func<byte[], long>)(bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes))),
            _ => throw new ConsistencyModelsException($"{name}: has numbers of type {Printable.Quote(header.Type)}; expected whole numbers."),
        };
        if ((long)count * size > length)
        {
            throw new ConsistencyModelsException($"{name}: the header says {count} labels, more than its {length} bytes can hold.");
        }

        int[] values = new int[count];
        byte[] number = new byte[size];
        for (int i = 0; i < count; i++)
        {
            DataStreams.ReadExactly(stream, number, name, $"label {i}");
            long value = read(number);
            values[i] = value is >= 0 and <= int.MaxValue ? (int)value : throw new ConsistencyModelsException($"{name}: label {i} is {value}; expected a class, 0 or more.");
        }

        return values;
    }
}
