using ConsistencyModels.Pixels;

namespace ConsistencyModels.Testing;

internal static class TestImages
{
    public static ImageBuffer Noise(int width, int height, int channels, int seed)
    {
        ImageBuffer image = new(width, height, channels);
        new System.Random(seed).NextBytes(image.Pixels);
        return image;
    }

    public static ImageBuffer Solid(int width, int height, params byte[] pixel)
    {
        ImageBuffer image = new(width, height, pixel.Length);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            image.Pixels[i] = pixel[i % pixel.Length];
        }

        return image;
    }
}
