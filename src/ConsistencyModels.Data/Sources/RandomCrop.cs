using ConsistencyModels.Imaging;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Sources;

/// <summary>
/// The random square of openai/guided-diffusion and openai/consistency_models (image_datasets.py, <c>random_crop_arr</c>): the shorter
/// side is scaled to a length drawn from those at which the square is the wanted part of it, then the square is cut out anywhere.
/// </summary>
internal static class RandomCrop
{
    /// <param name="picture">Any size.</param>
    /// <param name="size">The side of the square in pixels.</param>
    /// <param name="minPart">The smallest part of the shorter side that it shows.</param>
    /// <param name="maxPart">The largest.</param>
    /// <param name="seed">What is drawn depends on this alone.</param>
    public static ImageBuffer Apply(ImageBuffer picture, int size, double minPart, double maxPart, ulong seed)
    {
        TorchGenerator generator = new(seed);
        int side = Draw(generator, (int)Math.Ceiling(size / maxPart), (int)Math.Ceiling(size / minPart));
        picture = ImageResize.ScaleShorterSide(picture, side);
        int top = Draw(generator, 0, picture.Height - size);
        int left = Draw(generator, 0, picture.Width - size);
        return ImageResize.Crop(picture, left, top, size, size);
    }

    private static int Draw(TorchGenerator generator, int smallest, int largest)
    {
        Span<long> drawn = stackalloc long[1];
        generator.RandInt(smallest, (long)largest + 1, drawn);
        return (int)drawn[0];
    }
}
