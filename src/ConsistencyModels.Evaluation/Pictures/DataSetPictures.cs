using ConsistencyModels.Data;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Pictures;

/// <summary>Pictures in any form that training reads: folders, zips, npz, CIFAR, MNIST, Parquet.</summary>
public sealed class DataSetPictures : IPictureSet, IDisposable
{
    private readonly ImageDataSet _data;
    private readonly int[]? _order;

    private DataSetPictures(string name, ImageDataSet data, int? half, int? count, int? atMost)
    {
        (Name, _data) = (name, data);

        // Some of many are drawn from all: a data set is often sorted by class.
        var order = half is null && (count ?? atMost ?? data.Count) >= data.Count ? null : new Noise.TorchGenerator(0).Randperm(data.Count);
        if (half is { } part)
        {
            order = [.. order!.Where((_, i) => i % 2 == part - 1)];
        }

        Found = order?.Length ?? data.Count;
        Count = count ?? Math.Min(Found, atMost ?? Found);
        _order = order is null || Count == order.Length ? order : order[..Math.Min(Count, order.Length)];
        Identity = half is null ? $"{data.Fingerprint} {Count}" : $"{data.Fingerprint} {Count} half {half}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>How many there are to choose from.</summary>
    public int Found { get; }

    /// <inheritdoc/>
    public string Identity { get; }

    /// <summary>Hash of all pictures (<see cref="IImageDataSet.Fingerprint"/>).</summary>
    public string Fingerprint => _data.Fingerprint;

    /// <summary>Names of the classes, by their labels.</summary>
    public IReadOnlyList<string> ClassNames => _data.ClassNames;

    /// <summary>Width and height of every picture.</summary>
    public (int Width, int Height) Size => (_data.Width, _data.Height);

    /// <summary>What was left out and may be meant, and which pictures were not readable or of another size.</summary>
    public IReadOnlyList<string> Notes =>
        [.. _data.Notes, .. _data.Skipped.Count == 0 ? Array.Empty<string>() : [$"{_data.Skipped.Count} pictures were left out, the first: {_data.Skipped[0]}"]];

    /// <summary>Opens a data set.</summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="options">Size, part, classes; without a size a folder's pictures keep that of the first one, and all must have it.</param>
    /// <param name="count">How many to take, drawn without repetition by a fixed seed; null for all.</param>
    /// <param name="progress">Told how far decoding is.</param>
    /// <param name="cancellationToken">Ends the decoding.</param>
    /// <param name="atMost">The same where there are more, and all where there are fewer.</param>
    /// <param name="half">1 or 2: that half of the pictures alone (<see cref="PictureSelection.Half"/>).</param>
    /// <exception cref="ConsistencyModelsException">It is missing, empty, damaged, or has fewer pictures than asked for.</exception>
    public static DataSetPictures Open(string path, ImageDataSetOptions options, int? count = null, IProgress<DecodeProgress>? progress = null, CancellationToken cancellationToken = default, int? atMost = null, int? half = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        if (half is not (null or 1 or 2))
        {
            throw new ArgumentOutOfRangeException(nameof(half), half, "A half is the first or the second.");
        }

        if (options.Size is null && Directory.Exists(path) && FirstSize(path, options.Split) is { } side)
        {
            options = options with { Size = side, Crop = ImageCrop.None };
        }

        var data = ImageDataSets.Open(path, options, progress, cancellationToken);
        var pictures = new DataSetPictures(path, data, half, count, atMost);
        if (count > pictures.Found)
        {
            pictures.Dispose();
            throw new ConsistencyModelsException($"{path}: has {pictures.Found} pictures{(half is null ? "" : " in that half")}, expected at least {count}");
        }

        return pictures;
    }

    /// <inheritdoc/>
    public IEnumerable<ImageBuffer> Read(int first, int count, CancellationToken cancellationToken)
    {
        for (var i = first; i < first + count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return _data.GetImage(_order is null ? i : _order[i]);
        }
    }

    /// <summary>The name of a picture's file, or its number.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public string NameOf(int index) => _data.NameOf(_order is null ? index : _order[index]);

    /// <summary>The class of a picture, an index into <see cref="ClassNames"/>.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public int LabelOf(int index) => _data.Labels[_order is null ? index : _order[index]];

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();

    // Folders do not say that all pictures have one size; those that were sampled have.
    private static int? FirstSize(string folder, string? split)
    {
        string[] kinds = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"];
        var root = split is null ? folder : Path.Combine(folder, split);
        var first = !Directory.Exists(root) ? null : Directory.EnumerateFiles(root, "*", new EnumerationOptions { RecurseSubdirectories = true })
            .Where(file => kinds.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).FirstOrDefault();
        if (first is null)
        {
            return null;
        }

        var picture = ImageDecoder.Decode(File.ReadAllBytes(first), first, new DecodeOptions());
        return picture.Width == picture.Height ? picture.Width
            : throw new ConsistencyModelsException($"{first}: {picture.Width}x{picture.Height}; pictures that are not square are compared at a size that you say (--size)");
    }
}
