using System.Formats.Tar;
using System.Text;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Formats;

/// <summary>
/// The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky 2009), as a folder, a single .bin file, or the .tar.gz of its page: records of one
/// label, or a coarse and a fine one, and 32x32 pixels as planes of red, green and blue.
/// </summary>
internal sealed class CifarSource : ArraySource
{
    private const int Side = 32;
    private const int PixelBytes = 3 * Side * Side;

    private static readonly string[] Names10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    private static readonly PictureShape Picture = new(Side, Side, 3);

    private readonly Func<IEnumerable<CifarFile>> _files;

    private CifarSource(string path, IReadOnlyList<string> paths, Func<IEnumerable<CifarFile>> files, ClassLabels classes)
        : base(path, paths, Picture, classes) => _files = files;

    /// <summary>Whether a file is one of the records: by its name, as the format has no mark of its own.</summary>
    public static bool IsBatch(string path) => CifarFile.PartOf(Path.GetFileName(path)) is not null;

    /// <summary>Opens a folder, a file or an archive.</summary>
    public static CifarSource Open(string path, ImageDataSetOptions options)
    {
        if (Directory.Exists(path))
        {
            string[] files = [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal)];
            return Open(path, [.. files.Where(IsBatch)], () => CifarFile.FromFiles(files), options);
        }

        if (!IsBatch(path))
        {
            return Open(path, [path], () => CifarFile.FromArchive(path), options);
        }

        // A file alone is what was asked for, whatever part it is of; the names beside it are still its own.
        string[] beside = [.. Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!).Where(file => !IsBatch(file)), path];
        return Open(path, [path], () => CifarFile.FromFiles(beside), options with { Split = options.Split ?? CifarFile.PartOf(Path.GetFileName(path)) });
    }

    public override IEnumerable<PendingPicture> ReadAll()
    {
        int index = 0;
        foreach (CifarFile file in _files())
        {
            byte[] record = new byte[file.LabelBytes + PixelBytes];
            for (long left = file.Length; left > 0 && index < Count; left -= record.Length)
            {
                DataStreams.ReadExactly(file.Stream, record, Name, $"{file.Name}, image {index} of all");
                yield return new(index++, null, Interleave(record.AsSpan(file.LabelBytes)));
            }
        }

        if (index != Count)
        {
            throw new ConsistencyModelsException($"{Name}: held {Count} images when it was opened, and {index} now.");
        }
    }

    private static CifarSource Open(string path, IReadOnlyList<string> paths, Func<IEnumerable<CifarFile>> all, ImageDataSetOptions options)
    {
        string part = options.Split ?? "train";
        IEnumerable<CifarFile> Files() => all().Where(file => file.Part == part);
        List<int> labels = [];
        IReadOnlyList<string>? names = null;
        bool fine = false;
        foreach (CifarFile file in all())
        {
            if (file.IsNames)
            {
                names = ReadNames(file, path);
            }
            else if (file.Part == part)
            {
                fine = file.LabelBytes == 2;
                ReadLabels(file, path, labels, options);
            }
        }

        if (labels.Count == 0)
        {
            throw new ConsistencyModelsException($"{path}: holds no images of CIFAR's part '{part}'; it has 'train' and 'test'.");
        }

        return new(path, paths, Files, ClassLabels.Of([.. labels], names ?? (fine ? null : Names10), options, path));
    }

    private static void ReadLabels(CifarFile file, string path, List<int> labels, ImageDataSetOptions options)
    {
        byte[] record = new byte[file.LabelBytes + PixelBytes];
        if (file.Length == 0 || file.Length % record.Length != 0)
        {
            throw new ConsistencyModelsException($"{path}: {file.Name} has {file.Length} bytes; expected a multiple of {record.Length}.");
        }

        for (long left = file.Length; left > 0; left -= record.Length)
        {
            if (labels.Count == options.MaxEntries)
            {
                throw ImageSource.TooMany(path, options.MaxEntries);
            }

            DataStreams.ReadExactly(file.Stream, record, path, $"{file.Name}, image {labels.Count} of all");
            labels.Add(record[file.LabelBytes - 1]);
        }
    }

    private static string[] ReadNames(CifarFile file, string path)
    {
        const int Most = 1 << 16;
        if (file.Length > Most)
        {
            throw new ConsistencyModelsException($"{path}: {file.Name} has {file.Length} bytes; at most {Most} are accepted.");
        }

        byte[] text = new byte[file.Length];
        DataStreams.ReadExactly(file.Stream, text, path, file.Name);
        return Encoding.UTF8.GetString(text).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private static ImageBuffer Interleave(ReadOnlySpan<byte> planes)
    {
        ImageBuffer image = new(Side, Side, 3);
        for (int i = 0; i < Side * Side; i++)
        {
            (image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]) = (planes[i], planes[i + (Side * Side)], planes[i + (2 * Side * Side)]);
        }

        return image;
    }
}

/// <summary>A file of CIFAR's, on disk or in an archive, open while it is enumerated.</summary>
/// <param name="Name">Its name without folders.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Stream">Its contents.</param>
internal readonly record struct CifarFile(string Name, long Length, Stream Stream)
{
    /// <summary>Which part of the data set its records are; null where it has none.</summary>
    public string? Part => PartOf(Name);

    /// <summary>Whether it has the names of the classes.</summary>
    public bool IsNames => Name is "batches.meta.txt" or "fine_label_names.txt";

    /// <summary>How many labels a record has; of two the second is the fine one.</summary>
    public int LabelBytes => Name is "train.bin" or "test.bin" ? 2 : 1;

    public static string? PartOf(string name) => name switch
    {
        "train.bin" => "train",
        "test.bin" or "test_batch.bin" => "test",
        _ => name.StartsWith("data_batch_", StringComparison.Ordinal) && name.EndsWith(".bin", StringComparison.Ordinal) ? "train" : null,
    };

    public static IEnumerable<CifarFile> FromFiles(IEnumerable<string> paths)
    {
        foreach (string path in paths.Where(path => Of(path).Part is not null || Of(path).IsNames))
        {
            using Stream stream = DataStreams.Guard(path, () => File.OpenRead(path));
            yield return new(Path.GetFileName(path), stream.Length, stream);
        }

        static CifarFile Of(string path) => new(Path.GetFileName(path), 0, Stream.Null);
    }

    public static IEnumerable<CifarFile> FromArchive(string path)
    {
        using Stream unpacked = DataStreams.Open(path, out _);
        using TarReader tar = new(unpacked);
        while (DataStreams.Guard(path, () => tar.GetNextEntry()) is { } entry)
        {
            CifarFile file = new(Path.GetFileName(entry.Name), entry.Length, entry.DataStream ?? Stream.Null);
            if (file.Part is not null || file.IsNames)
            {
                yield return file;
            }
        }
    }
}
