using System.Buffers.Binary;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Formats;

/// <summary>
/// MNIST's format, also of Fashion-MNIST, KMNIST and EMNIST: an idx file of pictures and one of labels beside it, plain or in gzip. Big-endian;
/// two zeros, the type of the numbers, how many dimensions, the dimensions.
/// </summary>
internal sealed class IdxSource : ArraySource
{
    private const byte Bytes = 8;

    private readonly string _images;
    private readonly PictureShape _shape;

    private IdxSource(string images, string? labels, PictureShape shape, ClassLabels classes)
        : base(images, labels is null ? [images] : [images, labels], shape, classes)
    {
        _images = images;
        _shape = shape;
    }

    /// <summary>Whether a file, unpacked, begins as an idx file of pictures does.</summary>
    public static bool IsImages(ReadOnlySpan<byte> start) => start is [0, 0, Bytes, 3 or 4, ..];

    /// <summary>The files of pictures in a folder.</summary>
    public static string[] In(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(IsNamedAsImages).Order(StringComparer.Ordinal).Where(file => IsImages(DataStreams.Start(file, 4)))];

    /// <summary>Opens a folder that has such files, at the part the options name.</summary>
    public static IdxSource OpenFolder(string folder, IReadOnlyList<string> images, ImageDataSetOptions options)
    {
        // What others call test is t10k here.
        string part = options.Split ?? "train";
        string[] named = [.. images.Where(file => Path.GetFileName(file) is var name
            && (name.Contains(part, StringComparison.OrdinalIgnoreCase) || (part == "test" && name.Contains("t10k", StringComparison.OrdinalIgnoreCase))))];
        string[] chosen = named.Length == 0 && options.Split is null ? [.. images] : named;
        return chosen.Length == 1
            ? Open(chosen[0], options)
            : throw new ConsistencyModelsException($"{folder}: {(chosen.Length == 0 ? "no" : "more than one")} idx file of pictures for '{part}' among {string.Join(", ", images.Select(Path.GetFileName))}.");
    }

    /// <summary>Opens a file of pictures and the labels beside it.</summary>
    public static IdxSource Open(string images, ImageDataSetOptions options)
    {
        int count;
        PictureShape shape;
        using (Stream stream = DataStreams.Open(images, out long most))
        {
            long[] dimensions = ReadHeader(stream, images);
            (count, shape) = DataStreams.CheckShape(images, dimensions, most, options);
        }

        if (options.ClassesFrom == ClassRule.None)
        {
            return new(images, null, shape, ClassLabels.Single(count));
        }

        string file = LabelsBeside(images);
        int[] labels = ReadLabels(file, count, images);
        return new(images, file, shape, ClassLabels.Of(labels, null, options, file));
    }

    public override IEnumerable<PendingPicture> ReadAll()
    {
        using Stream stream = DataStreams.Open(_images, out _);
        ReadHeader(stream, _images);
        for (int i = 0; i < Count; i++)
        {
            byte[] pixels = new byte[_shape.Length];
            DataStreams.ReadExactly(stream, pixels, _images, $"image {i} of {Count}");
            yield return new(i, null, new ImageBuffer(_shape.Width, _shape.Height, _shape.Channels, pixels));
        }

        DataStreams.ExpectEnd(stream, _images, $"the {Count} pictures its header says");
    }

    private static bool IsNamedAsImages(string file) =>
        Path.GetFileName(file) is var name && name.Contains("idx", StringComparison.OrdinalIgnoreCase) && name.Contains("images", StringComparison.OrdinalIgnoreCase);

    private static long[] ReadHeader(Stream stream, string path)
    {
        byte[] start = new byte[4];
        DataStreams.ReadExactly(stream, start, path, "its header");
        if (start is not [0, 0, Bytes, >= 1 and <= 4])
        {
            throw new ConsistencyModelsException($"{path}: is no idx file of bytes: it begins with {Convert.ToHexStringLower(start)}; expected 0000080n.");
        }

        byte[] sizes = new byte[4 * start[3]];
        DataStreams.ReadExactly(stream, sizes, path, "its header");
        return [.. Enumerable.Range(0, start[3]).Select(i => (long)BinaryPrimitives.ReadUInt32BigEndian(sizes.AsSpan(4 * i)))];
    }

    private static int[] ReadLabels(string file, int count, string images)
    {
        using Stream stream = DataStreams.Open(file, out _);
        long[] dimensions = ReadHeader(stream, file);
        if (dimensions is not [var labels] || labels != count)
        {
            throw new ConsistencyModelsException($"{file}: holds {string.Join(" x ", dimensions)} labels; expected the {count} of {images}.");
        }

        byte[] bytes = new byte[count];
        DataStreams.ReadExactly(stream, bytes, file, "its labels");
        DataStreams.ExpectEnd(stream, file, $"the {count} labels its header says");
        return [.. bytes.Select(label => (int)label)];
    }

    /// <summary>train-images-idx3-ubyte.gz has its labels in train-labels-idx1-ubyte, with or without .gz.</summary>
    private static string LabelsBeside(string images)
    {
        string name = Path.GetFileName(images).Replace("images", "labels", StringComparison.OrdinalIgnoreCase).Replace("idx3", "idx1", StringComparison.OrdinalIgnoreCase);
        string labels = Path.Combine(Path.GetDirectoryName(images) ?? string.Empty, name);
        string other = labels.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? labels[..^3] : labels + ".gz";
        return labels != images && File.Exists(labels) ? labels
            : other != images && File.Exists(other) ? other
            : throw new ConsistencyModelsException($"{images}: its labels are not beside it: {name} is not there. Without classes they are not needed.");
    }
}
