using ConsistencyModels.Imaging;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Editing;

/// <summary>Between pictures and a model's batches.</summary>
internal static class Pictures
{
    /// <summary>A batch of pictures of one size, with the channels a model needs.</summary>
    /// <exception cref="ConsistencyModelsException">The model's images are no pictures.</exception>
    /// <exception cref="ArgumentException">There are none, or they differ in size.</exception>
    public static (float[] Values, ImageShape Shape) ToBatch(IReadOnlyList<ImageBuffer> images, int channels)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("There must be at least one picture.", nameof(images));
        }

        if (channels is not (1 or 3 or 4))
        {
            throw new ConsistencyModelsException($"The model's images have {channels} channels and are no pictures; expected 1 (gray), 3 (RGB) or 4 (RGBA).");
        }

        ImageBuffer[] converted = [.. images.Select(image => WithChannels(image, channels))];
        var values = new float[checked(converted.Length * converted[0].Pixels.Length)];
        if (converted.Any(image => image.Width != converted[0].Width || image.Height != converted[0].Height))
        {
            throw new ArgumentException("The pictures of a batch must have one size.", nameof(images));
        }

        return (values, PixelConversion.FromImages(converted, values));
    }

    /// <summary>The picture with other channels: gray is spread or made as luma, transparent parts lie on black, new alpha is opaque.</summary>
    public static ImageBuffer WithChannels(ImageBuffer image, int channels)
    {
        if (image.Channels == channels)
        {
            return image;
        }

        var rgba = new byte[checked(image.Width * image.Height * 4)];
        for (int from = 0, to = 0; to < rgba.Length; from += image.Channels, to += 4)
        {
            for (var c = 0; c < 3; c++)
            {
                rgba[to + c] = image.Pixels[image.Channels == 1 ? from : from + c];
            }

            rgba[to + 3] = image.Channels == 4 ? image.Pixels[from + 3] : byte.MaxValue;
        }

        return new(image.Width, image.Height, channels, PixelPacking.FromRgba(rgba, channels, RgbColor.Black));
    }

    /// <summary>Each pixel becomes a square of pixels.</summary>
    public static ImageBuffer Enlarge(ImageBuffer image, int factor) =>
        factor == 1 ? image : ImageGrid.Compose([image], new GridOptions { Padding = 0, Scale = factor });
}
