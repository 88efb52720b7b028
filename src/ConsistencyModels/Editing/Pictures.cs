using ConsistencyModels.Pixels;

namespace ConsistencyModels.Editing;

/// <summary>Between pictures and a model's batches.</summary>
internal static class Pictures
{
    /// <summary>A batch of pictures of one size, with the channels a model needs.</summary>
    /// <exception cref="ConsistencyModelsException">The model's images are not pictures.</exception>
    /// <exception cref="ArgumentException">There are none, they differ in size, or they are more than an array can hold.</exception>
    public static (float[] Values, ImageShape Shape) ToBatch(IReadOnlyList<ImageBuffer> images, int channels)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("There must be at least one picture.", nameof(images));
        }

        if (channels is not (1 or 3 or 4))
        {
            throw new ConsistencyModelsException($"The model's images have {channels} channels and are not pictures; expected 1 (gray), 3 (RGB) or 4 (RGBA).");
        }

        ImageBuffer[] converted = [.. images.Select(image => image.WithChannels(channels))];
        if (converted.Any(image => image.Width != converted[0].Width || image.Height != converted[0].Height))
        {
            throw new ArgumentException("The pictures of a batch must have one size.", nameof(images));
        }

        var values = new float[new ImageShape(converted.Length, channels, converted[0].Height, converted[0].Width).Length];
        return (values, PixelConversion.FromImages(converted, values));
    }

    /// <summary>Each pixel becomes a square of pixels.</summary>
    public static ImageBuffer Enlarge(ImageBuffer image, int factor)
    {
        if (factor == 1)
        {
            return image;
        }

        if ((Int128)image.Width * factor * image.Height * factor * image.Channels > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(factor), factor, $"A picture of {image.Width}x{image.Height} pixels cannot be enlarged so far: it would be larger than an array can be.");
        }

        var result = new ImageBuffer(image.Width * factor, image.Height * factor, image.Channels);
        for (var y = 0; y < result.Height; y++)
        {
            for (var x = 0; x < result.Width; x++)
            {
                image.Pixel(x / factor, y / factor).CopyTo(result.Pixel(x, y));
            }
        }

        return result;
    }
}
