using System.Globalization;
using ConsistencyModels.Data.Sources;

namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>
/// A data set of Hugging Face's: one parquet file or a folder of them, with a column of encoded pictures (a structure of <c>bytes</c> and
/// <c>path</c>, or bytes alone) and one of labels. Pictures are read row group by row group, page by page.
/// </summary>
internal sealed class ParquetSource : IPictureSource
{
    private readonly string[] _files;
    private readonly int[] _firstRows;
    private readonly ImageDataSetOptions _options;

    private ParquetSource(string name, string[] files, ImageDataSetOptions options)
    {
        Name = name;
        _files = files;
        _options = options;
        _firstRows = new int[files.Length + 1];
        List<int> labels = [];
        IReadOnlyList<string>? names = null;
        bool labelled = false;
        for (int i = 0; i < files.Length; i++)
        {
            using ParquetFile file = ParquetFile.Open(files[i]);
            ParquetColumns columns = ParquetColumns.Find(file, options);
            labelled = columns.Label is not null;
            names = columns.Label is null ? null : HuggingFaceFeatures.ClassNames(file.Metadata, columns.Label.Path) ?? names;
            EncodedBytes += columns.ImageBytes(file);
            columns.ReadLabels(file, labels, options.MaxEntries);
            _firstRows[i + 1] = labels.Count;
        }

        ClassLabels classes = labelled ? ClassLabels.Of([.. labels], names, options, name) : ClassLabels.Single(labels.Count);
        (Labels, ClassNames) = (classes.Labels, classes.Names);
        if (Labels.Length == 0)
        {
            throw new ConsistencyModelsException($"{name}: has no rows.");
        }
    }

    public string Name { get; }

    public int Count => Labels.Length;

    public int[] Labels { get; }

    public IReadOnlyList<string> ClassNames { get; }

    public EmptyClasses EmptyClasses => EmptyClasses.Keep;

    public PictureShape? Shape => null;

    public long EncodedBytes { get; }

    public Func<int, byte[]>? ReadOne => null;

    /// <summary>Opens one file.</summary>
    public static ParquetSource Open(string path, ImageDataSetOptions options) => new(path, [path], options);

    /// <summary>The parquet files of a folder, or of the sub-folders where data sets have them.</summary>
    public static string[] In(string folder) =>
        [.. ((string[])[folder, Path.Combine(folder, "data"), Path.Combine(folder, "train")])
            .Select(place => Directory.Exists(place) ? Directory.GetFiles(place, "*.parquet") : [])
            .FirstOrDefault(files => files.Length > 0, [])
            .Order(StringComparer.Ordinal)];

    /// <summary>Opens the files of a folder that belong to the part the options name.</summary>
    public static ParquetSource OpenFolder(string folder, string[] files, ImageDataSetOptions options)
    {
        string[] parts = [.. files.Select(PartOf).Distinct(StringComparer.Ordinal)];
        string? part = options.Split ?? (parts.Length == 1 ? parts[0] : parts.Contains("train") ? "train" : null);
        string[] chosen = [.. files.Where(file => PartOf(file) == part)];
        return chosen.Length > 0
            ? new(folder, chosen, options)
            : throw new ConsistencyModelsException($"{folder}: has no part '{part}'; expected one of {Printable.Line(string.Join(", ", parts.Take(20)))}.");
    }

    public string NameOf(int index)
    {
        int file = FileOf(index);
        return string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(_files[file])}, row {index - _firstRows[file]}");
    }

    public string Describe(int index)
    {
        int file = FileOf(index);
        return string.Create(CultureInfo.InvariantCulture, $"{_files[file]}: row {index - _firstRows[file]}");
    }

    public IEnumerable<PendingPicture> ReadAll()
    {
        int index = 0;
        foreach (string path in _files)
        {
            using ParquetFile file = ParquetFile.Open(path);
            ParquetLeaf column = ParquetColumns.Find(file, _options).Image;
            foreach (ParquetGroup group in file.Metadata.Groups)
            {
                foreach (byte[]? bytes in file.Bytes(column, group))
                {
                    int row = index++;
                    yield return new(row, () => Checked(bytes, row), null);
                }
            }
        }

        if (index != Count)
        {
            throw new ConsistencyModelsException($"{Name}: had {Count} rows when it was opened, and {index} now.");
        }
    }

    public IEnumerable<string> Identity() => [.. _files.Select(ZipFiles.IdentityOf), _options.ImageColumn ?? "", _options.LabelColumn ?? ""];

    public void Dispose()
    {
    }

    // "train-00000-of-00002.parquet" is of the part "train", and so is "train.parquet".
    private static string PartOf(string file) => Path.GetFileNameWithoutExtension(file).Split('-')[0];

    private int FileOf(int index) => Array.BinarySearch(_firstRows, index) is var found && found >= 0 ? Array.FindLastIndex(_firstRows, first => first == index) : ~found - 1;

    private byte[] Checked(byte[]? bytes, int row) =>
        bytes is null ? throw new ConsistencyModelsException($"{Describe(row)} has no picture (its bytes are null; pictures beside the file are not read).")
        : bytes.Length <= _options.MaxFileBytes ? bytes
        : throw new ConsistencyModelsException($"{Describe(row)}: {bytes.Length} bytes; at most {_options.MaxFileBytes} are accepted.");
}

/// <summary>Which columns of a file are the pictures and the labels.</summary>
internal sealed record ParquetColumns(ParquetLeaf Image, ParquetLeaf? Label)
{
    private static readonly string[] ImageNames = ["image", "img"];
    private static readonly string[] LabelNames = ["label", "labels", "fine_label"];

    public static ParquetColumns Find(ParquetFile file, ImageDataSetOptions options)
    {
        IReadOnlyList<ParquetLeaf> leaves = file.Metadata.Leaves;
        string columns = Printable.Line(string.Join(", ", leaves.Select(leaf => leaf.Path)));
        ParquetLeaf? Image(string name) => leaves.FirstOrDefault(leaf => leaf.Type == ParquetType.ByteArray && (leaf.Path == name + ".bytes" || leaf.Path == name));
        ParquetLeaf[] structures = [.. leaves.Where(leaf => leaf.Type == ParquetType.ByteArray && leaf.Path.EndsWith(".bytes", StringComparison.Ordinal))];
        ParquetLeaf? image = options.ImageColumn is { } wanted ? Image(wanted)
            : ImageNames.Select(Image).FirstOrDefault(leaf => leaf is not null) ?? (structures.Length == 1 ? structures[0] : null);
        if (image is null)
        {
            throw new ConsistencyModelsException($"{file.Path}: has no column of pictures '{options.ImageColumn ?? string.Join("' or '", ImageNames)}'; its columns are {columns}.");
        }

        ParquetLeaf? label = options.ClassesFrom == ClassRule.None || options.LabelColumn is "" ? null
            : options.LabelColumn is { } named ? leaves.FirstOrDefault(leaf => leaf.Path == named)
                ?? throw new ConsistencyModelsException($"{file.Path}: has no column '{named}'; its columns are {columns}.")
            : LabelNames.Select(name => leaves.FirstOrDefault(leaf => leaf.Path == name)).FirstOrDefault(leaf => leaf is not null);
        return label is null or { Type: ParquetType.Int32 or ParquetType.Int64 }
            ? new(image, label)
            : throw new ConsistencyModelsException($"{file.Path}: the column '{label.Path}' is of type {(int)label.Type}; expected whole numbers (int32 or int64).");
    }

    /// <summary>How many bytes the pictures take as they are.</summary>
    public long ImageBytes(ParquetFile file)
    {
        long bytes = 0;
        foreach (ParquetGroup group in file.Metadata.Groups)
        {
            bytes = Math.Min(bytes, long.MaxValue / 2) + Math.Clamp(group.Chunks.GetValueOrDefault(Image.Path)?.Unpacked ?? 0, 0, long.MaxValue / 4);
        }

        return bytes;
    }

    /// <summary>Adds the label of every row; 0 where there is no column of labels.</summary>
    public void ReadLabels(ParquetFile file, List<int> labels, int most)
    {
        foreach (ParquetGroup group in file.Metadata.Groups)
        {
            if (group.Rows < 0 || group.Rows > most - labels.Count)
            {
                throw new ConsistencyModelsException($"{file.Path}: says it has {group.Rows} rows after {labels.Count}; at most {most} are accepted.");
            }

            if (Label is null)
            {
                labels.AddRange(Enumerable.Repeat(0, (int)group.Rows));
                continue;
            }

            foreach (long? label in file.Numbers(Label, group))
            {
                labels.Add(label is >= 0 and <= int.MaxValue ? (int)label
                    : throw new ConsistencyModelsException($"{file.Path}: the label of row {labels.Count} is {label?.ToString(CultureInfo.InvariantCulture) ?? "missing"}; expected 0 or more. Without classes labels are not needed."));
            }
        }
    }
}
