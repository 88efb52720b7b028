using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Tests.Pipelines;

/// <summary>
/// Whether seams show where windows meet, with the bundled model: the mean difference of neighbouring pixels across a window's
/// rim, as a multiple of that everywhere else.
/// </summary>
public sealed class SeamTests : IDisposable
{
    private const int Side = 32;

    private readonly ConsistencyModelPipeline _pipeline = ConsistencyModelPipeline.FromPretrained(RepositoryFiles.Model("crawl-tiles-32"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _pipeline.Dispose();

    // Chance alone makes a multiple of 1 a few hundredths more or less.
    [Fact]
    public void A_large_picture_has_no_seams_where_single_tiles_side_by_side_have_them()
    {
        var shape = new ImageShape(1, 3, 3 * Side, 4 * Side);
        // Floors: many walls that the model has learnt have a frame, which is drawn in each tile and is no seam.
        var options = new GenerateOptions { ClassLabels = [0], OutputType = OutputType.Raw, NumInferenceSteps = 4 };
        var tiled = Enumerable.Range(0, 4).Select(i => _pipeline.Generate(
            options with { Seed = (ulong)i, Height = shape.Height, Width = shape.Width, Tiles = new() }, Token).Values).ToList();
        Assert.InRange(Seams(tiled, shape, Side / 2), 0.5, 1.05);

        var single = Enumerable.Range(0, 4).Select(i =>
        {
            var tiles = _pipeline.Generate(options with { Seeds = [.. Enumerable.Range(12 * i, 12).Select(seed => (ulong)seed)] }, Token);
            return SideBySide(tiles.Values, shape);
        }).ToList();
        Assert.InRange(Seams(single, shape, Side), 1.5, 10);
    }

    [Fact]
    public void An_edit_of_a_large_picture_has_no_seams_where_edits_of_its_tiles_have_them()
    {
        var (factor, shape) = (4, new ImageShape(1, 3, 3 * Side, 4 * Side));
        var options = new EditOptions { ClassLabels = [0], OutputType = OutputType.Raw };
        var (tiled, single, strokes) = (new List<float[]>(), new List<float[]>(), new List<float[]>());
        for (var i = 0; i < 3; i++)
        {
            var picture = Scene(shape.Width / factor, shape.Height / factor, i);
            tiled.Add(_pipeline.SuperResolve([picture], factor, options with { Seed = (ulong)i, Tiles = new() }, Token).Values);
            strokes.Add(_pipeline.Stroke([Scene(shape.Width, shape.Height, i)], 1, options with { Seed = (ulong)i, Tiles = new() }, Token).Values);
            ImageBuffer[] parts = [.. Enumerable.Range(0, 12).Select(part => Part(picture, part % 4 * Side / factor, part / 4 * Side / factor, Side / factor))];
            var apart = options with { Seeds = [.. Enumerable.Range(12 * i, 12).Select(seed => (ulong)seed)] };
            single.Add(SideBySide(_pipeline.SuperResolve(parts, factor, apart, Token).Values, shape));
        }

        // Between patches of which only the means are known there is an edge everywhere: rims are compared with other such edges.
        Assert.InRange(Seams(tiled, shape, Side / 2, factor), 0.5, 1.08);
        Assert.InRange(Seams(strokes, shape, Side / 2), 0.5, 1.05);
        Assert.InRange(Seams(single, shape, Side, factor), 1.3, 10);
    }

    private static double Seams(IReadOnlyList<float[]> images, ImageShape shape, int stride, int patch = 1)
    {
        var (across, acrossCount, inside, insideCount) = (0.0, 0, 0.0, 0);
        foreach (var image in images)
        {
            for (var i = 0; i < image.Length; i++)
            {
                var (x, y) = (i % shape.Width, i / shape.Width % shape.Height);

                // The model frames what it draws: its frame around the whole is not a seam.
                if (Math.Min(Math.Min(x, shape.Width - 1 - x), Math.Min(y, shape.Height - 1 - y)) < 4)
                {
                    continue;
                }

                Add(x, 1);
                Add(y, shape.Width);

                void Add(int place, int back)
                {
                    if (place % patch != 0)
                    {
                        return;
                    }

                    var difference = Math.Abs((double)image[i] - image[i - back]);
                    if (place % stride == 0)
                    {
                        across += difference;
                        acrossCount++;
                    }
                    else
                    {
                        inside += difference;
                        insideCount++;
                    }
                }
            }
        }

        return across / acrossCount / (inside / insideCount);
    }

    private static float[] SideBySide(float[] tiles, ImageShape shape)
    {
        var columns = shape.Width / Side;
        var result = new float[shape.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var (x, y, channel) = (i % shape.Width, i / shape.Width % shape.Height, i / (shape.Width * shape.Height));
            var tile = (y / Side * columns) + (x / Side);
            result[i] = tiles[(((((tile * 3) + channel) * Side) + (y % Side)) * Side) + (x % Side)];
        }

        return result;
    }

    /// <summary>Hills under a sky with a sun: smooth parts, edges and texture, and nothing at multiples of a tile.</summary>
    private static ImageBuffer Scene(int width, int height, int number)
    {
        var random = new System.Random(number);
        var image = new ImageBuffer(width, height, 3);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (u, v) = ((double)x / width, (double)y / height);
                var hill = v > 0.62 + (0.13 * Math.Sin((7 * u) + number));
                var sun = Math.Pow(u - 0.71, 2) + Math.Pow(v - 0.27, 2) < 0.02;
                var texture = random.Next(hill ? 40 : 8);
                image.Pixel(x, y)[0] = (byte)(sun ? 240 : hill ? 50 + texture : 60 + (90 * v) + texture);
                image.Pixel(x, y)[1] = (byte)(sun ? 210 : hill ? 90 + (60 * u) + texture : 110 + (60 * v) + texture);
                image.Pixel(x, y)[2] = (byte)(sun ? 90 : hill ? 40 + texture : 170 + texture);
            }
        }

        return image;
    }

    private static ImageBuffer Part(ImageBuffer picture, int left, int top, int side)
    {
        var part = new ImageBuffer(side, side, picture.Channels);
        for (var i = 0; i < side * side; i++)
        {
            picture.Pixel(left + (i % side), top + (i / side)).CopyTo(part.Pixel(i % side, i / side));
        }

        return part;
    }
}
