using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Searching;

/// <summary>Pictures to compare with, from a folder.</summary>
internal static class ReferencePictures
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"];

    /// <summary>Reads them in a shuffled order that is always the same, brought to the model's size by the training data's crop.</summary>
    /// <param name="folder">The folder, with all below it.</param>
    /// <param name="shape">Shape of one picture.</param>
    /// <param name="most">How many to read at most.</param>
    /// <returns>[N, C, H, W] and its shape.</returns>
    /// <exception cref="ConsistencyModelsException">There is no such folder, it holds fewer than four pictures, or one cannot be read.</exception>
    public static (float[] Values, ImageShape Shape) Read(string folder, ImageShape shape, int most)
    {
        if (!Directory.Exists(folder))
        {
            throw new ConsistencyModelsException($"--reference: there is no folder {folder}; expected one of pictures that the model was not trained on");
        }

        if (shape.Height != shape.Width)
        {
            throw new ConsistencyModelsException($"the model makes pictures of {shape.Height}x{shape.Width}; expected squares, as the reference is cropped to");
        }

        string[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Extensions.Contains(Path.GetExtension(file).ToLowerInvariant()))
            .Order(StringComparer.Ordinal)];
        if (files.Length < 4)
        {
            throw new ConsistencyModelsException($"--reference: {folder} holds {files.Length} pictures, expected at least 4, better hundreds");
        }

        new System.Random(0).Shuffle(files);
        ImageBuffer[] pictures = [.. files.Take(most).Select(file =>
            ImageResize.CenterCrop(ImageDecoder.DecodeFile(file, new DecodeOptions { Channels = shape.Channels }), shape.Height))];
        var values = new float[shape.WithBatch(pictures.Length).Length];
        return (values, PixelConversion.FromImages(pictures, values));
    }
}
