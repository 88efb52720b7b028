using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Page.Tests;

/// <summary>Pictures that come from elsewhere.</summary>
internal static class Samples
{
    /// <summary>A disc before a slope, in gray or in colours.</summary>
    public static byte[] Png(int width, int height, bool gray)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            var (x, y) = (i % width, i / width);
            var inside = Math.Pow(x - (width / 2.0), 2) + Math.Pow(y - (height / 2.0), 2) < Math.Pow(Math.Min(width, height) / 3.0, 2);
            var light = (byte)(inside ? 210 : 20 + (60 * y / height));
            (pixels[i * 3], pixels[(i * 3) + 1], pixels[(i * 3) + 2]) = gray ? (light, light, light) : (light, (byte)(light / 2), (byte)(255 - light));
        }

        return ImageEncoder.Encode(new ImageBuffer(width, height, 3, pixels));
    }
}
