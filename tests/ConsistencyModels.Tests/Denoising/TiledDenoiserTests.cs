using ConsistencyModels.Denoising;
using CsCheck;

namespace ConsistencyModels.Tests.Denoising;

/// <summary>Windows over a canvas: what is the same in all of them is not changed, and no seam is seen between them.</summary>
public sealed class TiledDenoiserTests
{
    private static readonly ImageSize Window = new(8, 12);

    // Images, channels, how much larger than the window, overlap, windows in one call, seed.
    private static readonly Gen<(ImageShape Shape, TileOptions Options, int Seed)> Any = Gen.Select(
        Gen.Int[1, 3], Gen.Int[1, 4], Gen.Int[0, 40], Gen.Int[0, 40], Gen.Int[-1, 7], Gen.Int[0, 9], Gen.Int[0, 1000],
        (batch, channels, taller, wider, overlap, most, seed) => (
            new ImageShape(batch, channels, Window.Height + taller, Window.Width + wider),
            new TileOptions { Overlap = overlap < 0 ? null : overlap, BatchSize = most == 0 ? null : most },
            seed));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void What_a_denoiser_does_pixel_by_pixel_is_the_same_bit_by_bit_tiled_or_not() => Any.Sample(any =>
    {
        var x = Noise(any.Shape, any.Seed);
        var levels = NoiseLevel.Of([.. Enumerable.Range(0, any.Shape.Batch).Select(i => 0.5f + i)]);
        int[] labels = [.. Enumerable.Range(0, any.Shape.Batch).Select(i => 7 * i)];
        var whole = new float[x.Length];
        var tiled = new float[x.Length];
        new Linear().Denoise(x, any.Shape, levels, labels, whole, Token);
        new TiledDenoiser(new Linear(), Window, any.Options).Denoise(x, any.Shape, levels, labels, tiled, Token);
        Assert.Equal(whole, tiled);
    });

    [Fact]
    public void A_constant_comes_out_as_that_constant() => Any.Sample(any =>
    {
        var tiled = new float[any.Shape.Length];
        new TiledDenoiser(new Constant(0.1f * any.Seed), Window, any.Options).Denoise(new float[any.Shape.Length], any.Shape, [1f], [], tiled, Token);
        Assert.All(tiled, value => Assert.Equal(0.1f * any.Seed, value));
    });

    [Fact]
    public void The_result_may_overwrite_the_input() => Any.Sample(any =>
    {
        var x = Noise(any.Shape, any.Seed);
        var apart = new float[x.Length];
        var denoiser = new TiledDenoiser(new Local(), Window, any.Options);
        denoiser.Denoise(x, any.Shape, [1f], [], apart, Token);
        denoiser.Denoise(x, any.Shape, [1f], [], x, Token);
        Assert.Equal(apart, x);
    });

    [Fact]
    public void Neither_the_batch_nor_how_many_windows_go_at_once_is_seen() => Any.Sample(any =>
    {
        var x = Noise(any.Shape, any.Seed);
        var together = new float[x.Length];
        var alone = new float[x.Length];
        new TiledDenoiser(new Local(), Window, any.Options).Denoise(x, any.Shape, [1f], [], together, Token);
        var one = new TiledDenoiser(new Local(), Window, any.Options with { BatchSize = 1 });
        for (var image = 0; image < any.Shape.Batch; image++)
        {
            var part = (image * any.Shape.ImageLength)..((image + 1) * any.Shape.ImageLength);
            one.Denoise(x.AsSpan(part), any.Shape.WithBatch(1), [1f], [], alone.AsSpan(part), Token);
        }

        Assert.Equal(together, alone);
    });

    [Fact]
    public void The_order_of_the_windows_is_not_seen() => Any.Sample(any =>
    {
        // A denoiser that knows no left and right, over a canvas and over its mirror image, whose windows come the other way round.
        var x = Noise(any.Shape, any.Seed);
        var result = new float[x.Length];
        var mirrored = new float[x.Length];
        var denoiser = new TiledDenoiser(new Local(), Window, any.Options);
        denoiser.Denoise(x, any.Shape, [1f], [], result, Token);
        denoiser.Denoise(Mirror(x), any.Shape, [1f], [], mirrored, Token);
        mirrored = Mirror(mirrored);

        // Windows at odd distances stand elsewhere in the mirror image.
        if ((any.Shape.Width - Window.Width) % Math.Max(1, Windows(any.Shape.Width, Window.Width, any.Options.Overlap) - 1) == 0)
        {
            Assert.Equal(result, mirrored, (a, b) => Math.Abs(a - b) <= 1e-6);
        }

        float[] Mirror(float[] values) => [.. values.Chunk(any.Shape.Width).SelectMany(row => row.Reverse())];
    });

    [Fact]
    public void Every_window_has_the_models_size_and_few_go_at_once() => Any.Sample(any =>
    {
        var recorded = new Recorded();
        new TiledDenoiser(recorded, Window, any.Options).Denoise(new float[any.Shape.Length], any.Shape, [1f], [], new float[any.Shape.Length], Token);
        var windows = any.Shape.Batch * Windows(any.Shape.Height, Window.Height, any.Options.Overlap) * Windows(any.Shape.Width, Window.Width, any.Options.Overlap);
        Assert.Equal(windows, recorded.Shapes.Sum(shape => shape.Batch));
        Assert.All(recorded.Shapes, shape => Assert.Equal((Window.Height, Window.Width), (shape.Height, shape.Width)));

        // A canvas of the model's size needs no windows.
        if (any.Shape.Height > Window.Height || any.Shape.Width > Window.Width)
        {
            Assert.All(recorded.Shapes, shape => Assert.InRange(shape.Batch, 1, any.Options.BatchSize ?? 65536 / (8 * 12)));
        }
    });

    [Fact]
    public void Windows_that_disagree_fade_into_each_other()
    {
        // Each window says something else: between them the canvas changes by no more in a pixel than the weights do.
        var shape = new ImageShape(1, 1, 8, 300);
        var result = new float[shape.Length];
        new TiledDenoiser(new Counting(), Window).Denoise(new float[shape.Length], shape, [1f], [], result, Token);
        var row = result.AsSpan(0, shape.Width).ToArray();
        var steepest = row.Zip(row.Skip(1), (a, b) => Math.Abs(b - a)).Max();
        Assert.InRange(steepest, 0, 1.0 / 3);
        Assert.Equal(row.Order(), row);
    }

    [Fact]
    public void Broken_windows_are_reported_as_images_of_the_batch()
    {
        var shape = new ImageShape(3, 1, 16, 12);
        var inner = new Failing(call: 2);
        var error = Assert.Throws<NonFiniteOutputException>(() => new TiledDenoiser(inner, Window, new() { BatchSize = 2 })
            .Denoise(new float[shape.Length], shape, [5f], [], new float[shape.Length], Token));

        // Three windows an image, two in a call: the third call has the second and third window of image 1.
        Assert.Equal([1], error.Images);
        Assert.Contains("sigma 5 in image 1 of the batch", error.Message);
    }

    [Fact]
    public void Canvases_and_options_that_do_not_fit_are_refused()
    {
        var denoiser = new TiledDenoiser(new Local(), Window);
        Says("A side of the canvas has 7 pixels; expected at least those of a window, 8.", () => Run(new(1, 1, 7, 12)));
        Says("A side of the canvas has 11 pixels; expected at least those of a window, 12.", () => Run(new(1, 1, 9, 11)));
        Says("There are 5 values", () => denoiser.Denoise(new float[5], new(1, 1, 9, 12), [1f], [], new float[108], Token));
        Says("There are 2 noise levels for a batch of 3", () => denoiser.Denoise(new float[324], new(3, 1, 9, 12), [1f, 2f], [], new float[324], Token));
        Says("There are 2 class labels for a batch of 3", () => denoiser.Denoise(new float[324], new(3, 1, 9, 12), [1f], [1, 2], new float[324], Token));
        Says("The windows are 8x12 pixels and overlap by 8; expected less than a side.", () => _ = new TiledDenoiser(new Local(), Window, new() { Overlap = 8 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TileOptions { Overlap = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TileOptions { BatchSize = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TiledDenoiser(new Local(), new(0, 1)));

        void Run(ImageShape shape) => denoiser.Denoise(new float[shape.Length], shape, [1f], [], new float[shape.Length], Token);

        static void Says(string part, Action action) => Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(action).Message);
    }

    [Fact]
    public void Cancelling_stops_between_windows()
    {
        using var source = new CancellationTokenSource();
        var shape = new ImageShape(1, 1, 64, 64);
        var recorded = new Recorded { After = source.Cancel };
        Assert.Throws<OperationCanceledException>(() => new TiledDenoiser(recorded, Window, new() { BatchSize = 1 })
            .Denoise(new float[shape.Length], shape, [1f], [], new float[shape.Length], source.Token));
        Assert.Single(recorded.Shapes);
    }

    private static int Windows(int length, int window, int? overlap) => (int)Math.Ceiling((length - window) / (double)(window - (overlap ?? (window / 2)))) + 1;

    private static float[] Noise(ImageShape shape, int seed)
    {
        var random = new System.Random(seed);
        return [.. Enumerable.Range(0, shape.Length).Select(_ => (2 * random.NextSingle()) - 1)];
    }

    /// <summary>x₀ = (x + label) / (1 + σ), image by image.</summary>
    private sealed class Linear : IDenoiser
    {
        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < x.Length; i++)
            {
                var image = i / shape.ImageLength;
                denoised[i] = (x[i] + classLabels[image]) / (1 + levels[levels.Length == 1 ? 0 : image].Sigma);
            }
        }
    }

    private sealed class Constant(float value) : IDenoiser
    {
        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default) =>
            denoised.Fill(value);
    }

    /// <summary>Each pixel becomes the mean of the window, less the pixel: what a window shows depends on where it stands.</summary>
    private sealed class Local : IDenoiser
    {
        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default)
        {
            for (var start = 0; start < x.Length; start += shape.ImageLength)
            {
                var sum = 0.0;
                foreach (var value in x.Slice(start, shape.ImageLength))
                {
                    sum += value;
                }

                for (var i = 0; i < shape.ImageLength; i++)
                {
                    denoised[start + i] = (float)((sum / shape.ImageLength) - x[start + i]);
                }
            }
        }
    }

    /// <summary>The first window is all 0, the next all 1, and so on.</summary>
    private sealed class Counting : IDenoiser
    {
        private int _count;

        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default)
        {
            for (var start = 0; start < x.Length; start += shape.ImageLength)
            {
                denoised.Slice(start, shape.ImageLength).Fill(_count++);
            }
        }
    }

    private sealed class Recorded : IDenoiser
    {
        public List<ImageShape> Shapes { get; } = [];

        public Action? After { get; init; }

        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Shapes.Add(shape);
            After?.Invoke();
        }
    }

    /// <summary>Finds NaN in every window of one call.</summary>
    private sealed class Failing(int call) : IDenoiser
    {
        private int _calls;

        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default)
        {
            if (_calls++ == call)
            {
                int[] images = [.. Enumerable.Range(0, shape.Batch)];
                throw new NonFiniteOutputException("inner", images);
            }
        }
    }
}
