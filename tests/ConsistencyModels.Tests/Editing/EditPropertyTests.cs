using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;
using ConsistencyModels.Tests.Pipelines;
using CsCheck;

namespace ConsistencyModels.Tests.Editing;

/// <summary>What holds of every edit, whatever the network makes of its input.</summary>
public sealed class EditPropertyTests
{
    private const long Cases = 40;

    // Batch, height and width in twos (the network's factor), steps, seed.
    private static readonly Gen<(int Batch, int Height, int Width, int Steps, uint Seed)> Any =
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 6], Gen.Int[1, 6], Gen.Int[1, 6], Gen.UInt, (batch, rows, columns, steps, seed) => (batch, 2 * rows, 2 * columns, steps, seed));

    [Fact]
    public void Known_pixels_come_back_bit_by_bit() => Any.Select(Gen.Int[1, 4]).Sample(
        (any, channels) =>
        {
            using var pipeline = TestPipelines.Make(null, channels);
            var shape = new ImageShape(any.Batch, channels, any.Height, any.Width);
            var images = Noise(shape, any.Seed);
            var mask = RandomMask(shape, any.Seed);
            var result = pipeline.Edit(images, shape, Measurement.Inpainting(mask), Raw(any.Steps, any.Seed)).Values;
            for (var i = 0; i < images.Length; i++)
            {
                if (Known(mask, shape, i))
                {
                    Assert.Equal(BitConverter.SingleToInt32Bits(images[i]), BitConverter.SingleToInt32Bits(result[i]));
                }
            }
        },
        iter: Cases);

    [Fact]
    public void Known_bytes_come_back_as_they_are() => Any.Select(Gen.OneOfConst(1, 3, 4)).Sample(
        (any, channels) =>
        {
            using var pipeline = TestPipelines.Make(null, channels);
            var images = Pictures(any.Batch, any.Height, any.Width, channels, any.Seed);
            var mask = RandomMask(new(1, 1, any.Height, any.Width), any.Seed);
            var result = pipeline.Inpaint(images, mask, new() { NumInferenceSteps = any.Steps, Seed = any.Seed }).Images;
            Assert.Equal(images.Count, result.Count);
            for (var i = 0; i < images.Count; i++)
            {
                for (var pixel = 0; pixel < any.Height * any.Width; pixel++)
                {
                    if (mask.IsKnown(0, pixel / any.Width, pixel % any.Width))
                    {
                        Assert.Equal(images[i].Pixel(pixel % any.Width, pixel / any.Width), result[i].Pixel(pixel % any.Width, pixel / any.Width));
                    }
                }
            }
        },
        iter: Cases);

    [Fact]
    public void Colorization_keeps_luma() => Any.Sample(
        any =>
        {
            using var pipeline = TestPipelines.Make(null);
            var shape = new ImageShape(any.Batch, 3, any.Height, any.Width);
            var images = Noise(shape, any.Seed);
            var result = pipeline.Edit(images, shape, Measurement.Colorization(new ImageSize(any.Height, any.Width)), Raw(any.Steps, any.Seed)).Values;
            var expected = Luma(images, shape);
            var found = Luma(result, shape);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], found[i], 1e-5);
            }

            Assert.NotEqual(images, result);
        },
        iter: Cases);

    [Fact]
    public void Super_resolution_keeps_the_means_of_patches() => Gen.Select(Gen.Int[1, 3], Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 6], Gen.UInt).Sample(
        (batch, half, rows, columns, steps, seed) =>
        {
            // An even side of a patch, so that every size is a multiple of the network's factor.
            var factor = 2 * half;
            using var pipeline = TestPipelines.Make(null, channels: 1 + (int)(seed % 4));
            var shape = new ImageShape(batch, pipeline.Config.InChannels, factor * rows, factor * columns);
            var images = Noise(shape, seed);
            var result = pipeline.Edit(images, shape, Measurement.SuperResolution(factor, new(shape.Height, shape.Width)), Raw(steps, seed)).Values;
            var expected = PatchMeans(images, shape, factor);
            var found = PatchMeans(result, shape, factor);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], found[i], 1e-5);
            }
        },
        iter: Cases);

    [Fact]
    public void A_mask_of_all_ones_returns_the_input_and_of_all_zeros_generates() => Any.Select(Gen.Bool).Sample(
        (any, classes) =>
        {
            using var pipeline = TestPipelines.Make(classes ? 5 : null);
            var shape = new ImageShape(any.Batch, 3, any.Height, any.Width);
            var size = new ImageSize(any.Height, any.Width);
            var images = Noise(shape, any.Seed);
            Assert.Equal(images, pipeline.Edit(images, shape, Measurement.Inpainting(ImageMask.All(size)), Raw(any.Steps, any.Seed)).Values);

            var generated = pipeline.Generate(new()
            {
                BatchSize = any.Batch,
                Height = any.Height,
                Width = any.Width,
                NumInferenceSteps = any.Steps,
                Seed = any.Seed,
                OutputType = OutputType.Raw,
            });
            var edited = pipeline.Edit(images, shape, Measurement.Inpainting(ImageMask.None(size)), Raw(any.Steps, any.Seed));
            Assert.Equal(generated.Values, edited.Values);
            Assert.Equal(generated.ClassLabels, edited.ClassLabels);
        },
        iter: Cases);

    [Fact]
    public void Both_parts_of_a_blend_hold() => Any.Sample(
        any =>
        {
            using var pipeline = TestPipelines.Make(null);
            var shape = new ImageShape(any.Batch, 3, any.Height, any.Width);
            var images = Noise(shape, any.Seed);
            var mask = RandomMask(new(1, 1, any.Height, any.Width), any.Seed);
            var blend = Measurement.Blend(Measurement.Colorization(new ImageSize(any.Height, any.Width)), Measurement.Inpainting(mask));
            var result = pipeline.Edit(images, shape, blend, Raw(any.Steps, any.Seed)).Values;
            var expected = Luma(images, shape);
            var found = Luma(result, shape);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], found[i], 1e-5);
            }

            for (var i = 0; i < images.Length; i++)
            {
                Assert.True(!Known(mask, shape, i) || images[i].Equals(result[i]));
            }

            // The other blend knows less: of what is kept only the luma.
            var less = pipeline.Edit(images, shape, Measurement.Colorization(mask), Raw(any.Steps, any.Seed)).Values;
            var lessFound = Luma(less, shape);
            for (var i = 0; i < expected.Length; i++)
            {
                var pixel = i % (any.Height * any.Width);
                Assert.True(!mask.IsKnown(0, pixel / any.Width, pixel % any.Width) || Math.Abs(expected[i] - lessFound[i]) < 1e-5);
            }
        },
        iter: Cases);

    [Fact]
    public void The_ends_of_an_interpolation_are_its_inputs() => Gen.Select(Gen.Int[2, 6], Gen.Int[1, 3], Gen.UInt).Sample(
        (frames, steps, seed) =>
        {
            using var pipeline = TestPipelines.Make(null);
            var ends = Pictures(2, 8, 8, 3, seed);
            var strip = pipeline.Interpolate(ends[0], ends[1], frames, options: new() { NumInferenceSteps = steps, Seed = seed }).Images;
            Assert.Equal(frames, strip.Count);
            Assert.Equal(ends[0].Pixels, strip[0].Pixels);
            Assert.Equal(ends[1].Pixels, strip[^1].Pixels);

            // Between seeds the ends are the seeds' own pictures.
            var (a, b) = ((ulong)seed, (ulong)seed + 1);
            var between = pipeline.Interpolate(pipeline.LatentOf(a), pipeline.LatentOf(b), frames).Images;
            Assert.Equal(pipeline.Generate(new() { Seed = a }).Images[0].Pixels, between[0].Pixels);
            Assert.Equal(pipeline.Generate(new() { Seed = b }).Images[0].Pixels, between[^1].Pixels);
        },
        iter: Cases);

    [Fact]
    public void Points_between_two_noises_keep_their_norm() => Gen.Select(Gen.Int[100, 3000], Gen.Double[0, 1], Gen.UInt).Sample((length, alpha, seed) =>
    {
        var (a, b, middle) = (new float[length], new float[length], new float[length]);
        new TorchGenerator(seed).Randn(a);
        new TorchGenerator(seed + 1).Randn(b);
        Interpolation.Slerp(a, b, alpha, middle);
        var squares = new[] { a, b, middle }.Select(x => x.Sum(value => (double)value * value)).ToArray();
        Assert.InRange(squares[2], Math.Min(squares[0], squares[1]) * 0.99, Math.Max(squares[0], squares[1]) * 1.01);
    });

    [Fact]
    public void Equal_and_opposite_ends_have_a_way_between_them()
    {
        float[] a = [1, -2, 3];
        var middle = new float[3];
        Interpolation.Slerp(a, a, 0.3, middle);
        Assert.Equal(a, middle, (x, y) => Math.Abs(x - y) < 1e-6);
        Interpolation.Slerp(a, [-1, 2, -3], 0.5, middle);
        Assert.All(middle, value => Assert.True(float.IsFinite(value)));
    }

    private static EditOptions Raw(int steps, uint seed) => new() { NumInferenceSteps = steps, Seed = seed, OutputType = OutputType.Raw };

    private static float[] Noise(ImageShape shape, uint seed)
    {
        // Not the edit's own noise: another generator, uniform in [-1, 1].
        var random = new System.Random((int)seed);
        return [.. Enumerable.Range(0, shape.Length).Select(_ => (2 * random.NextSingle()) - 1)];
    }

    private static List<ImageBuffer> Pictures(int count, int height, int width, int channels, uint seed)
    {
        var random = new System.Random((int)seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var image = new ImageBuffer(width, height, channels);
            random.NextBytes(image.Pixels);
            return image;
        })];
    }

    private static ImageMask RandomMask(ImageShape shape, uint seed)
    {
        var random = new System.Random((int)seed);
        return new(shape, [.. Enumerable.Range(0, shape.Length).Select(_ => random.Next(2) == 0)]);
    }

    private static bool Known(ImageMask mask, ImageShape shape, int index)
    {
        var (row, x) = Math.DivRem(index, shape.Width);
        var (plane, y) = Math.DivRem(row, shape.Height);
        return mask.IsKnown(plane % shape.Channels, y, x, plane / shape.Channels);
    }

    private static double[] Luma(float[] images, ImageShape shape)
    {
        var plane = shape.Height * shape.Width;
        return [.. Enumerable.Range(0, shape.Batch * plane).Select(i =>
        {
            var at = (i / plane * shape.ImageLength) + (i % plane);
            return (0.2989 * images[at]) + (0.5870 * images[at + plane]) + (0.1140 * images[at + (2 * plane)]);
        })];
    }

    private static double[] PatchMeans(float[] images, ImageShape shape, int factor)
    {
        var (rows, columns) = (shape.Height / factor, shape.Width / factor);
        return [.. Enumerable.Range(0, shape.Batch * shape.Channels * rows * columns).Select(i =>
        {
            var (plane, patch) = Math.DivRem(i, rows * columns);
            var corner = (plane * shape.Height * shape.Width) + (patch / columns * factor * shape.Width) + (patch % columns * factor);
            return Enumerable.Range(0, factor * factor).Average(p => (double)images[corner + (p / factor * shape.Width) + (p % factor)]);
        })];
    }
}
