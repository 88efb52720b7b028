using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data;

/// <summary>How <see cref="ImageFolderDataSet"/> reads a folder or an archive.</summary>
public sealed record ImageFolderOptions
{
    /// <summary>The side of the square images in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>3 (RGB, the default) or 1 (luma).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>
    /// True keeps only images that are Size x Size already and leaves the others out (right for pixel art); false, the
    /// default, scales and crops every image with <see cref="ImageResize.CenterCrop"/>.
    /// </summary>
    public bool OnlySize { get; init; }

    /// <summary>Which folders are which classes; null makes each directory that holds images a class.</summary>
    public ClassMap? Classes { get; init; }

    /// <summary>What shows through transparent parts. Black by default.</summary>
    public RgbColor Background { get; init; } = RgbColor.Black;

    /// <summary>True leaves out files that cannot be decoded (see <see cref="ImageFolderDataSet.Skipped"/>); false, the default, fails on the first.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>The most bytes the decoded images may take together. 8 GiB by default.</summary>
    public long MemoryBudget { get; init; } = 8L << 30;

    /// <summary>The most files a folder or archive may hold. 4,000,000 by default.</summary>
    public int MaxEntries { get; init; } = 4_000_000;

    /// <summary>The largest encoded file accepted, in bytes. 64 MiB by default.</summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>The largest picture accepted before it is scaled, in pixels. 64 megapixels by default.</summary>
    public long MaxPixels { get; init; } = DecodeOptions.DefaultMaxPixels;

    /// <summary>How many threads decode; 0, the default, takes one a core.</summary>
    public int Threads { get; init; }
}
