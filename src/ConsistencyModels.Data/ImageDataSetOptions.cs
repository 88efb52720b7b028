using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data;

/// <summary>How pictures of any size become images of one size.</summary>
public enum ImageCrop
{
    /// <summary>As the original's <c>center_crop_arr</c>: scaled, then the square in the middle (<see cref="ImageResize.CenterCrop"/>).</summary>
    Center,

    /// <summary>
    /// As the original's <c>random_crop_arr</c>: scaled so that the square is 80 to 100% of the shorter side, then a square anywhere; a
    /// new one each time an image is used. Pictures are decoded when they are asked for.
    /// </summary>
    Random,

    /// <summary>Not at all: only pictures that have the size already, and the others are left out (right for pixel art).</summary>
    None,
}

/// <summary>Where the classes of a folder or archive of pictures come from. The other formats have labels of their own.</summary>
public enum ClassRule
{
    /// <summary>The labels of a <c>dataset.json</c> at the root (EDM's), else the sub-folders.</summary>
    Auto,

    /// <summary>Each directory that holds pictures is a class.</summary>
    Folders,

    /// <summary>What is before the first underscore of a file's name is its class, as in openai's data sets.</summary>
    Prefix,

    /// <summary>All pictures are of one class.</summary>
    None,
}

/// <summary>How <see cref="ImageDataSets.Open"/> reads a data set.</summary>
public sealed record ImageDataSetOptions
{
    /// <summary>
    /// The side of the square images in pixels, 1 to 8192. Null takes the size of the data, where the format says that all have one (CIFAR,
    /// idx, npz).
    /// </summary>
    public int? Size { get; init; }

    /// <summary>3 (RGB) or 1 (luma). Null takes what the format says (1 for MNIST), else 3.</summary>
    public int? Channels { get; init; }

    /// <summary>How pictures of another size are brought to it.</summary>
    public ImageCrop Crop { get; init; }

    /// <summary>The smallest part of the shorter side that a random crop shows, above 0; 0.8 as the original.</summary>
    public double MinCrop { get; init; } = 0.8;

    /// <summary>The largest part of the shorter side that a random crop shows, <see cref="MinCrop"/> to 1; 1 as the original.</summary>
    public double MaxCrop { get; init; } = 1;

    /// <summary>Which folders are which classes, for folders and archives of pictures; null for <see cref="ClassesFrom"/>.</summary>
    public ClassMap? Classes { get; init; }

    /// <summary>Where the classes come from when there is no map.</summary>
    public ClassRule ClassesFrom { get; init; }

    /// <summary>
    /// Which part of a data set: <c>train</c>, <c>test</c>, ... For folders and archives of pictures it is a sub-folder. Null takes <c>train</c>
    /// where the format has parts, and everything where it has none.
    /// </summary>
    public string? Split { get; init; }

    /// <summary>The column of pictures of a parquet file; null finds <c>image</c> or <c>img</c>, or the only one there is.</summary>
    public string? ImageColumn { get; init; }

    /// <summary>The column of labels of a parquet file; null finds <c>label</c>, <c>labels</c> or <c>fine_label</c>; empty for none.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>What shows through transparent parts. Black by default.</summary>
    public RgbColor Background { get; init; } = RgbColor.Black;

    /// <summary>True leaves out pictures that cannot be decoded and lists them (<see cref="IImageDataSet.Skipped"/>); false, the default, fails, and says how many there are.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>
    /// How far rare classes make up for it, 0 to 1: a picture of a class with n pictures is in the data set (m / n)^<c>Balance</c> times, rounded,
    /// where the largest class has m. 0, the default: once; 1: all classes about as often. Repetitions take no memory.
    /// </summary>
    public double Balance { get; init; }

    /// <summary>The most bytes that pixels may take in memory; more are decoded into a file once. 1 GiB by default.</summary>
    public long MemoryBudget { get; init; } = 1L << 30;

    /// <summary>The folder of decoded data; null for <c>data</c> in the library's own cache folder (see <see cref="Files.CacheFolders"/>).</summary>
    public string? CacheFolder { get; init; }

    /// <summary>The most bytes of all decoded data kept on disk; those not used for longest go first. 256 GiB by default.</summary>
    public long CacheBudget { get; init; } = 256L << 30;

    /// <summary>The most pictures or files a data set may hold. 20,000,000 by default.</summary>
    public int MaxEntries { get; init; } = 20_000_000;

    /// <summary>The largest encoded picture accepted, in bytes. 64 MiB by default.</summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>The largest picture accepted before it is scaled, in pixels. 64 megapixels by default.</summary>
    public long MaxPixels { get; init; } = DecodeOptions.DefaultMaxPixels;

    /// <summary>How many threads decode; 0, the default, takes one a core.</summary>
    public int Threads { get; init; }

    internal int ThreadCount => Threads > 0 ? Threads : Environment.ProcessorCount;

    internal void Check()
    {
        if (Size is { } size)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(Size));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 8192, nameof(Size));
        }

        if (Channels is not (null or 1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(Channels), Channels, "A data set has 1 or 3 channels.");
        }

        if (!(Balance is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Balance), Balance, "Classes are balanced by 0 (as they are) to 1 (all as often).");
        }

        if (!(MinCrop > 0 && MinCrop <= MaxCrop && MaxCrop <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(MinCrop), MinCrop, $"A crop shows a part of the shorter side: 0 < {nameof(MinCrop)} <= {nameof(MaxCrop)} <= 1.");
        }
    }
}

/// <summary>How far reading a data set is.</summary>
/// <param name="Done">Pictures decoded.</param>
/// <param name="Total">Pictures to decode.</param>
public readonly record struct DecodeProgress(int Done, int Total);
