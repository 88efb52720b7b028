using System.Numerics.Tensors;

namespace ConsistencyModels.Cli.Searching;

/// <summary>
/// Plain numbers about a picture, made without any trained network: its colours in an 8x8 thumbnail (layout), and how strong
/// its edges are in each of 4x4 fields (detail and noise). They tell a blurred or noisy sheet from a sharp one; they know
/// nothing about what pictures show, so distances between them cannot stand in for FID.
/// </summary>
internal static class ImageFeatures
{
    private const int Thumbnail = 8;
    private const int Fields = 4;

    /// <summary>Numbers of one picture.</summary>
    /// <param name="channels">Its channels.</param>
    public static int Length(int channels) => channels * ((Thumbnail * Thumbnail) + (Fields * Fields));

    /// <summary>The features of a batch, one picture after another.</summary>
    /// <param name="batch">[N, C, H, W].</param>
    /// <param name="shape">Its shape.</param>
    public static float[][] Of(ReadOnlySpan<float> batch, ImageShape shape)
    {
        var all = new float[shape.Batch][];
        var plane = shape.Height * shape.Width;
        for (var image = 0; image < all.Length; image++)
        {
            var features = new float[Length(shape.Channels)];
            for (var channel = 0; channel < shape.Channels; channel++)
            {
                var pixels = batch.Slice((image * shape.ImageLength) + (channel * plane), plane);
                var at = features.AsSpan(channel * ((Thumbnail * Thumbnail) + (Fields * Fields)));
                Means(pixels, shape, Thumbnail, at);
                Means(Edges(pixels, shape), shape, Fields, at[(Thumbnail * Thumbnail)..]);
            }

            all[image] = features;
        }

        return all;
    }

    /// <summary>
    /// The energy distance of two sets: twice the mean distance between the sets less the mean distances within each. 0 for
    /// equal distributions, without parameters and without a normal distribution having to be fitted.
    /// </summary>
    /// <param name="a">At least 2 vectors.</param>
    /// <param name="b">At least 2 vectors.</param>
    public static double EnergyDistance(IReadOnlyList<float[]> a, IReadOnlyList<float[]> b) =>
        (2 * Mean(a, b, skipSame: false)) - Mean(a, a, skipSame: true) - Mean(b, b, skipSame: true);

    /// <summary>Divides every feature by its deviation over a reference set, so that colours and edges count alike.</summary>
    /// <param name="reference">The set.</param>
    public static Func<float[], float[]> Scaling(IReadOnlyList<float[]> reference)
    {
        var length = reference[0].Length;
        var inverse = new float[length];
        for (var i = 0; i < length; i++)
        {
            var mean = reference.Average(vector => vector[i]);
            var variance = reference.Average(vector => (vector[i] - mean) * (vector[i] - mean));
            inverse[i] = 1 / MathF.Sqrt(variance + 1e-6f);
        }

        return vector =>
        {
            var scaled = new float[length];
            TensorPrimitives.Multiply(vector, inverse, scaled);
            return scaled;
        };
    }

    private static double Mean(IReadOnlyList<float[]> a, IReadOnlyList<float[]> b, bool skipSame)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Count; i++)
        {
            for (var j = 0; j < b.Count; j++)
            {
                sum += skipSame && i == j ? 0 : TensorPrimitives.Distance<float>(a[i], b[j]);
            }
        }

        return sum / ((double)a.Count * (skipSame ? b.Count - 1 : b.Count));
    }

    private static void Means(ReadOnlySpan<float> pixels, ImageShape shape, int cells, Span<float> means)
    {
        for (var cell = 0; cell < cells * cells; cell++)
        {
            var (row, column) = Math.DivRem(cell, cells);
            var (top, left) = (row * shape.Height / cells, column * shape.Width / cells);
            var bottom = Math.Max(top + 1, (row + 1) * shape.Height / cells);
            var width = Math.Max(1, ((column + 1) * shape.Width / cells) - left);
            var sum = 0f;
            for (var y = top; y < bottom; y++)
            {
                sum += TensorPrimitives.Sum(pixels.Slice((y * shape.Width) + left, width));
            }

            means[cell] = sum / ((bottom - top) * width);
        }
    }

    // |∂x| + |∂y|, with nothing at the right and the bottom rim.
    private static float[] Edges(ReadOnlySpan<float> pixels, ImageShape shape)
    {
        var edges = new float[pixels.Length];
        for (var i = 0; i < edges.Length; i++)
        {
            var right = (i + 1) % shape.Width == 0 ? pixels[i] : pixels[i + 1];
            var below = i + shape.Width >= pixels.Length ? pixels[i] : pixels[i + shape.Width];
            edges[i] = MathF.Abs(right - pixels[i]) + MathF.Abs(below - pixels[i]);
        }

        return edges;
    }
}
