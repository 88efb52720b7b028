using ConsistencyModels.Data.Sources;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data;

/// <summary>
/// The images of a folder or a .zip archive, decoded once into memory. Images come in ordinal order of their paths, so
/// a folder and an archive of the same files are the same data set, with the same fingerprint. <see cref="ImageDataSets.Open"/> reads
/// more formats, and data that do not fit into memory.
/// </summary>
public sealed class ImageFolderDataSet : IImageDataSet
{
    private readonly ImageDataSet _images;

    private ImageFolderDataSet(ImageDataSet images)
    {
        _images = images;
        Paths = [.. Enumerable.Range(0, images.Count).Select(images.NameOf)];
    }

    /// <inheritdoc/>
    public int Count => _images.Count;

    /// <inheritdoc/>
    public int Channels => _images.Channels;

    /// <inheritdoc/>
    public int Height => _images.Height;

    /// <inheritdoc/>
    public int Width => _images.Width;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => _images.ClassNames;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Labels => _images.Labels;

    /// <inheritdoc/>
    public string Fingerprint => _images.Fingerprint;

    /// <summary>The path of every image below the root, with forward slashes, in the order of the indices.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>One line for each image of a class that was left out: another size, or not readable.</summary>
    public IReadOnlyList<string> Skipped => _images.Skipped;

    /// <summary>Reads and decodes all images.</summary>
    /// <param name="path">A directory, or a .zip file.</param>
    /// <param name="options">Size, classes and limits.</param>
    /// <param name="cancellation">Ends the decoding early.</param>
    /// <exception cref="ArgumentOutOfRangeException">Size is not positive or channels is neither 1 nor 3.</exception>
    /// <exception cref="ConsistencyModelsException">
    /// The path is missing or no archive, holds no images, a class of the map is empty, an image is damaged or too large,
    /// or the decoded images would exceed the memory budget.
    /// </exception>
    /// <exception cref="OperationCanceledException">The cancellation was requested.</exception>
    public static ImageFolderDataSet Open(string path, ImageFolderOptions options, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        ImageDataSetOptions general = new()
        {
            Size = options.Size,
            Channels = options.Channels,
            Crop = options.OnlySize ? ImageCrop.None : ImageCrop.Center,
            Classes = options.Classes,
            ClassesFrom = ClassRule.Folders,
            Background = options.Background,
            SkipUnreadable = options.SkipUnreadable,
            MemoryBudget = options.MemoryBudget,
            MaxEntries = options.MaxEntries,
            MaxFileBytes = options.MaxFileBytes,
            MaxPixels = options.MaxPixels,
            Threads = options.Threads,
        };
        general.Check();
        return new(DataSetBuilder.Build(
            new EncodedFiles(ImageSource.Open(path, general), general), general, onlyMemory: true, progress: null, cancellation));
    }

    /// <inheritdoc/>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips) =>
        _images.Fill(indices, images, labels, flips);

    /// <summary>A copy of one image as bytes.</summary>
    /// <param name="index">0 to Count - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no image of such an index.</exception>
    public ImageBuffer GetImage(int index) => _images.GetImage(index);
}
