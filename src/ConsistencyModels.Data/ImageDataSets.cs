using System.IO.Compression;
using ConsistencyModels.Data.Formats;
using ConsistencyModels.Data.Formats.Parquet;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Files;

namespace ConsistencyModels.Data;

/// <summary>
/// Opens data sets of images in the formats they come in: folders and zips of pictures (also EDM's, with its dataset.json), CIFAR's binary
/// version, MNIST's idx, numpy's npz, and Hugging Face's parquet. See docs/data.md.
/// </summary>
public static class ImageDataSets
{
    private const string Expected =
        "a folder or .zip of pictures, CIFAR's binary version, idx files, .npz, or .parquet";

    /// <summary>
    /// Opens a data set; what it is, its contents say. All pictures are decoded by all cores while this runs, into memory, or into a file of the
    /// cache folder where they take more than the memory allowed for them; the next opening finds that file and decodes nothing.
    /// </summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="options">Size, classes and limits.</param>
    /// <param name="progress">Told how far decoding is, from any thread; nothing where all is decoded already.</param>
    /// <param name="cancellation">Ends the decoding early.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ConsistencyModelsException">
    /// The path is missing or of no known format, a file is damaged and is not to be skipped, classes are empty or missing, or the decoded images
    /// cannot be kept. The message names the file.
    /// </exception>
    /// <exception cref="OperationCanceledException">The cancellation was requested.</exception>
    public static ImageDataSet Open(
        string path, ImageDataSetOptions options, IProgress<DecodeProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        return DataSetBuilder.Build(OpenSource(path, options), options, progress, cancellation);
    }

    internal static IPictureSource OpenSource(string path, ImageDataSetOptions options)
    {
        if (Directory.Exists(path))
        {
            return DataStreams.Guard(path, () => OpenFolder(path, options));
        }

        return File.Exists(path) ? OpenFile(path, options) : throw new ConsistencyModelsException($"{path}: not found; expected {Expected}.");
    }

    private static IPictureSource OpenFolder(string path, ImageDataSetOptions options)
    {
        if (ParquetSource.In(path) is { Length: > 0 } shards)
        {
            return ParquetSource.OpenFolder(path, shards, options);
        }

        if (IdxSource.In(path) is { Length: > 0 } images)
        {
            return IdxSource.OpenFolder(path, images, options);
        }

        return Directory.EnumerateFiles(path).Any(CifarSource.IsBatch)
            ? CifarSource.Open(path, options)
            : new EncodedFiles(ImageSource.Open(path, options), options);
    }

    private static IPictureSource OpenFile(string path, ImageDataSetOptions options)
    {
        // The end of a tar's first header has its mark.
        const int TarMark = 257;
        byte[] start = DataStreams.Start(path, 512);
        if (start.AsSpan().StartsWith(ParquetFile.Magic))
        {
            return ParquetSource.Open(path, options);
        }

        if (IdxSource.IsImages(start))
        {
            return IdxSource.Open(path, options);
        }

        if (start.AsSpan().StartsWith("PK"u8))
        {
            return IsNpz(path, options) ? NpzSource.Open(path, options) : new EncodedFiles(ImageSource.Open(path, options), options);
        }

        if (CifarSource.IsBatch(path) || (start.Length == 512 && start.AsSpan(TarMark).StartsWith("ustar"u8)))
        {
            return CifarSource.Open(path, options);
        }

        throw new ConsistencyModelsException($"{path}: is no data set that can be read; {(WrongContent.Describe(start) is { } wrong ? $"it is {wrong}" : $"expected {Expected}")}.");
    }

    private static bool IsNpz(string path, ImageDataSetOptions options)
    {
        using ZipArchive archive = ZipFiles.Open(path);
        IReadOnlyList<ZipArchiveEntry> entries = ZipFiles.Entries(archive, path, options.MaxEntries);
        return entries.Any(entry => NpzSource.IsArray(entry.FullName)) && !entries.Any(entry => ImageSource.IsImage(entry.FullName));
    }
}
