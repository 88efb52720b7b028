using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>Many pictures in one, small enough for a page.</summary>
internal static class PictureSheet
{
    private const int LargestPicture = 96;
    private const int SmallestShown = 64;

    /// <summary>A grid as PNG; large pictures are made smaller, small ones are enlarged by whole factors.</summary>
    /// <param name="images">The pictures, row by row.</param>
    /// <param name="columns">Pictures in a row.</param>
    public static byte[] Encode(IReadOnlyList<ImageBuffer> images, int columns)
    {
        var side = images[0].Width;
        var small = side <= LargestPicture ? images : [.. images.Select(image => ImageResize.Resize(image, LargestPicture, LargestPicture))];

        // Samples and reference may differ in channels.
        var channels = small.Max(image => image.Channels);
        return ImageEncoder.Encode(ImageGrid.Compose([.. small.Select(image => image.WithChannels(channels))], new GridOptions { Columns = Math.Min(columns, images.Count), Scale = Math.Max(1, SmallestShown / Math.Min(side, LargestPicture)) }));
    }
}

/// <summary>The samples that are closest to pictures of the reference, beside these.</summary>
internal static class NearestPairs
{
    private const int Pairs = 12;

    /// <summary>Draws them.</summary>
    /// <param name="evaluated">What was found.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="reference">The reference's pictures.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>A PNG, samples above, and a sentence about it.</returns>
    public static (byte[] Png, string Words) Draw(Evaluated evaluated, IPictureSet samples, DataSetPictures reference, CancellationToken cancellation)
    {
        var found = NearestNeighbours.Find(evaluated.Reference.Features!.Features, evaluated.Samples.Features);
        int[] closest = [.. Enumerable.Range(0, found.Of.Count).OrderBy(i => found.Of[i].Distance).Take(Pairs)];
        ImageBuffer[] above = [.. closest.Select(i => samples.Read(i, 1, cancellation).First())];
        ImageBuffer[] below = [.. closest.Select(i => reference.Read(found.Of[i].Index, 1, cancellation).First())];
        return (
            PictureSheet.Encode([.. above, .. below], closest.Length),
            FormattableString.Invariant($"The {closest.Length} samples that are closest to a picture of the reference, and below each that picture. Distances from {found.Of[closest[0]].Distance:G3} to {found.Of[closest[^1]].Distance:G3}; the middle sample has {found.Median:G3}, and pictures of the reference among themselves {found.MedianWithinReference:G3}."));
    }
}
