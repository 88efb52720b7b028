using System.Numerics.Tensors;

namespace ConsistencyModels.Pixels;

/// <summary>
/// One picture as bytes [Height, Width, Channels], interleaved, rows from the top, no padding between rows.
/// 1 channel is gray, 3 are RGB, 4 are RGBA with unpremultiplied alpha; values are the sRGB bytes of the file.
/// </summary>
public sealed class ImageBuffer
{
    /// <summary>Wraps pixels without copying them.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="channels">1, 3 or 4.</param>
    /// <param name="pixels">Exactly width · height · channels bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or channels is not 1, 3 or 4.</exception>
    /// <exception cref="ArgumentException">The array has another length.</exception>
    public ImageBuffer(int width, int height, int channels, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        CheckShape(width, height, channels);
        if (pixels.LongLength != (long)width * height * channels)
        {
            throw new ArgumentException(
                $"A {width}x{height} picture of {channels} channels has {(long)width * height * channels} bytes; the array has {pixels.LongLength}.",
                nameof(pixels));
        }

        Width = width;
        Height = height;
        Channels = channels;
        Pixels = pixels;
    }

    /// <summary>Makes a black picture (for 4 channels: transparent black).</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="channels">1, 3 or 4.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive or the picture is larger than an array can be.</exception>
    public ImageBuffer(int width, int height, int channels)
        : this(width, height, channels, new byte[CheckShape(width, height, channels)])
    {
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>1 (gray), 3 (RGB) or 4 (RGBA, unpremultiplied).</summary>
    public int Channels { get; }

    /// <summary>The bytes themselves, [Height, Width, Channels]; writing to them changes the picture.</summary>
    public byte[] Pixels { get; }

    /// <summary>Size and channels, such as "32x32 RGB" (width x height).</summary>
    public override string ToString() => $"{Width}x{Height} {Channels switch { 1 => "gray", 3 => "RGB", _ => "RGBA" }}";

    /// <summary>The bytes of one row, [Width, Channels].</summary>
    /// <param name="y">The row, 0 at the top.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(y, Height);
        return Pixels.AsSpan(y * Width * Channels, Width * Channels);
    }

    /// <summary>The channels of one pixel.</summary>
    /// <param name="x">The column, 0 at the left.</param>
    /// <param name="y">The row, 0 at the top.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pixel.</exception>
    public Span<byte> Pixel(int x, int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(x, Width);
        return Row(y).Slice(x * Channels, Channels);
    }

    /// <summary>
    /// The picture with other channels: gray is spread or made as luma, transparent parts lie on a background, new alpha is opaque.
    /// </summary>
    /// <param name="channels">1, 3 or 4.</param>
    /// <param name="background">What shows through where the picture is transparent and the result is not; null for black.</param>
    /// <returns>A new picture, or this one where it has these channels.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is not 1, 3 or 4.</exception>
    public ImageBuffer WithChannels(int channels, RgbColor? background = null)
    {
        CheckShape(Width, Height, channels);
        if (channels == Channels)
        {
            return this;
        }

        var rgba = Channels == 4 ? Pixels : new byte[CheckShape(Width, Height, 4)];
        for (int from = 0, to = 0; Channels != 4 && to < rgba.Length; from += Channels, to += 4)
        {
            for (var c = 0; c < 3; c++)
            {
                rgba[to + c] = Pixels[Channels == 1 ? from : from + c];
            }

            rgba[to + 3] = byte.MaxValue;
        }

        return new(Width, Height, channels, PixelPacking.FromRgba(rgba, channels, background ?? RgbColor.Black));
    }

    private static int CheckShape(int width, int height, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "A picture has 1 (gray), 3 (RGB) or 4 (RGBA) channels.");
        }

        long length = (long)width * height;
        if (length > Array.MaxLength / channels)
        {
            throw new ArgumentOutOfRangeException(nameof(width), $"A {width}x{height} picture of {channels} channels is larger than an array can be.");
        }

        return (int)length * channels;
    }
}

/// <summary>Between batches of floats [N, C, H, W] in [-1, 1] and pictures.</summary>
public static class PixelConversion
{
    // Small enough for the first-level cache and the stack.
    private const int ChunkLength = 1024;

    /// <summary>diffusers' output type "np": x / 2 + 0.5 clamped to [0, 1], as [N, H, W, C].</summary>
    /// <param name="batch">[N, C, H, W], nominally in [-1, 1].</param>
    /// <param name="shape">The shape of the batch; any number of channels.</param>
    /// <param name="result">Receives N · H · W · C floats in [0, 1]; must not overlap the batch.</param>
    /// <exception cref="ArgumentException">A span does not have the length that the shape says.</exception>
    /// <exception cref="ConsistencyModelsException">A value is not finite.</exception>
    public static void ToUnitNhwc(ReadOnlySpan<float> batch, ImageShape shape, Span<float> result)
    {
        CheckBatch(batch, shape);
        CheckLength(result.Length, shape, nameof(result));
        int plane = shape.Height * shape.Width;
        Span<float> chunk = stackalloc float[ChunkLength];
        for (int n = 0; n < shape.Batch; n++)
        {
            Span<float> image = result.Slice(n * shape.ImageLength, shape.ImageLength);
            for (int c = 0; c < shape.Channels; c++)
            {
                ReadOnlySpan<float> from = batch.Slice((n * shape.ImageLength) + (c * plane), plane);
                for (int start = 0; start < plane; start += ChunkLength)
                {
                    Span<float> part = chunk[..Math.Min(ChunkLength, plane - start)];
                    ToUnit(from.Slice(start, part.Length), part);
                    for (int i = 0, at = (start * shape.Channels) + c; i < part.Length; i++, at += shape.Channels)
                    {
                        image[at] = part[i];
                    }
                }
            }
        }
    }

    /// <summary>Makes pictures of a batch.</summary>
    /// <param name="batch">[N, C, H, W], nominally in [-1, 1]; values outside are clamped.</param>
    /// <param name="shape">The shape of the batch: 1 channel gives gray, 3 RGB, 4 RGBA.</param>
    /// <param name="convention">The rounding; diffusers' by default.</param>
    /// <returns>N pictures.</returns>
    /// <exception cref="ArgumentException">The batch does not have the length that the shape says, or there are other than 1, 3 or 4 channels.</exception>
    /// <exception cref="ConsistencyModelsException">A value is not finite: the network's output is broken, and a black pixel would hide it.</exception>
    public static ImageBuffer[] ToImages(ReadOnlySpan<float> batch, ImageShape shape, PixelConvention convention = PixelConvention.Diffusers)
    {
        CheckChannels(shape.Channels);
        CheckBatch(batch, shape);
        ImageBuffer[] images = new ImageBuffer[shape.Batch];
        for (int n = 0; n < images.Length; n++)
        {
            images[n] = new ImageBuffer(shape.Width, shape.Height, shape.Channels);
            ToBytes(batch.Slice(n * shape.ImageLength, shape.ImageLength), images[n], convention);
        }

        return images;
    }

    /// <summary>Makes a batch of pictures.</summary>
    /// <param name="images">Pictures of one size and one number of channels.</param>
    /// <param name="batch">Receives [N, C, H, W] in [-1, 1].</param>
    /// <param name="convention">The scaling; diffusers' by default.</param>
    /// <returns>The shape of the batch.</returns>
    /// <exception cref="ArgumentException">There are no images, they differ in size or channels, or the span has another length.</exception>
    public static ImageShape FromImages(IReadOnlyList<ImageBuffer> images, Span<float> batch, PixelConvention convention = PixelConvention.Diffusers)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("A batch needs at least one image.", nameof(images));
        }

        ImageShape shape = new(images.Count, images[0].Channels, images[0].Height, images[0].Width);
        CheckLength(batch.Length, shape, nameof(batch));
        float[] table = ByteTable(convention);
        for (int n = 0; n < images.Count; n++)
        {
            ImageBuffer image = images[n];
            if (image.Width != shape.Width || image.Height != shape.Height || image.Channels != shape.Channels)
            {
                throw new ArgumentException(
                    $"Image {n} is {image.Width}x{image.Height} with {image.Channels} channels; the batch is {shape}.", nameof(images));
            }

            int plane = shape.Height * shape.Width;
            for (int c = 0; c < shape.Channels; c++)
            {
                Span<float> to = batch.Slice((n * shape.ImageLength) + (c * plane), plane);
                for (int i = 0, at = c; i < plane; i++, at += shape.Channels)
                {
                    to[i] = table[image.Pixels[at]];
                }
            }
        }

        return shape;
    }

    private static void ToBytes(ReadOnlySpan<float> planes, ImageBuffer image, PixelConvention convention)
    {
        int plane = image.Height * image.Width;
        Span<float> chunk = stackalloc float[ChunkLength];
        for (int c = 0; c < image.Channels; c++)
        {
            for (int start = 0; start < plane; start += ChunkLength)
            {
                Span<float> part = chunk[..Math.Min(ChunkLength, plane - start)];
                ReadOnlySpan<float> from = planes.Slice((c * plane) + start, part.Length);
                if (convention == PixelConvention.Diffusers)
                {
                    ToUnit(from, part);
                    TensorPrimitives.Multiply(part, 255f, part);
                    TensorPrimitives.Round(part, MidpointRounding.ToEven, part);
                }
                else
                {
                    TensorPrimitives.Add(from, 1f, part);
                    TensorPrimitives.Multiply(part, 127.5f, part);
                    TensorPrimitives.Clamp(part, 0f, 255f, part);
                }

                // The cast truncates, which is what openai's convention asks for and does nothing to rounded values.
                for (int i = 0, at = (start * image.Channels) + c; i < part.Length; i++, at += image.Channels)
                {
                    image.Pixels[at] = (byte)part[i];
                }
            }
        }
    }

    private static void ToUnit(ReadOnlySpan<float> from, Span<float> to)
    {
        TensorPrimitives.Multiply(from, 0.5f, to);
        TensorPrimitives.Add(to, 0.5f, to);
        TensorPrimitives.Clamp(to, 0f, 1f, to);
    }

    private static float[] ByteTable(PixelConvention convention)
    {
        float[] table = new float[256];
        for (int v = 0; v < table.Length; v++)
        {
            table[v] = convention == PixelConvention.Diffusers ? (2f * (v / 255f)) - 1f : (v / 127.5f) - 1f;
        }

        return table;
    }

    private static void CheckBatch(ReadOnlySpan<float> batch, ImageShape shape)
    {
        CheckLength(batch.Length, shape, nameof(batch));
        for (int n = 0; n < shape.Batch; n++)
        {
            ReadOnlySpan<float> image = batch.Slice(n * shape.ImageLength, shape.ImageLength);
            if (!TensorPrimitives.IsFiniteAll(image))
            {
                int count = 0;
                foreach (float value in image)
                {
                    count += float.IsFinite(value) ? 0 : 1;
                }

                throw new ConsistencyModelsException(
                    $"Image {n} of {shape.Batch}: {count} of {image.Length} values are not finite (NaN or infinity); expected values near [-1, 1].");
            }
        }
    }

    private static void CheckLength(int length, ImageShape shape, string parameter)
    {
        if (length != shape.Length)
        {
            throw new ArgumentException($"The shape {shape} has {shape.Length} values; the span has {length}.", parameter);
        }
    }

    private static void CheckChannels(int channels)
    {
        if (channels is not (1 or 3 or 4))
        {
            throw new ArgumentException($"{channels} channels do not make a picture; 1 (gray), 3 (RGB) or 4 (RGBA) do.", nameof(channels));
        }
    }
}
