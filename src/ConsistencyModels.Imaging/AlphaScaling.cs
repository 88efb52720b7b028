using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>Premultiplied alpha for resampling, with the roundings of PIL's RGBA and RGBa conversions.</summary>
internal static class AlphaScaling
{
    public static ImageBuffer Premultiply(ImageBuffer image)
    {
        byte[] pixels = (byte[])image.Pixels.Clone();
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int alpha = pixels[i + 3];
            for (int c = 0; c < 3; c++)
            {
                // PIL's MULDIV255: the rounded product over 255 without a division.
                int product = (pixels[i + c] * alpha) + 128;
                pixels[i + c] = (byte)(((product >> 8) + product) >> 8);
            }
        }

        return new ImageBuffer(image.Width, image.Height, 4, pixels);
    }

    /// <summary>Changes the picture in place and returns it.</summary>
    public static ImageBuffer Unpremultiply(ImageBuffer image)
    {
        byte[] pixels = image.Pixels;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int alpha = pixels[i + 3];
            if (alpha is 0 or 255)
            {
                continue;
            }

            for (int c = 0; c < 3; c++)
            {
                pixels[i + c] = (byte)Math.Min(255 * pixels[i + c] / alpha, 255);
            }
        }

        return image;
    }
}
