using System.Globalization;
using System.Numerics.Tensors;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>Puts results back together and writes them: single pictures, or strips of before and after.</summary>
internal sealed class EditWriter(EditSettings settings, EditWork work)
{
    private readonly List<string> _files = [];

    /// <summary>What was written.</summary>
    public IReadOnlyList<string> Files => _files;

    private string Verb => settings.Verb.ToString().ToLowerInvariant();

    /// <summary>Writes the results of pictures.</summary>
    /// <param name="results">By picture, result and part.</param>
    public void Write(ImageBuffer[][][] results)
    {
        List<ImageBuffer> sheet = [];
        var columns = 0;
        for (var i = 0; i < results.Length; i++)
        {
            var input = work.Inputs[i];
            ImageBuffer[] assembled = [.. results[i].Select(input.Assemble)];
            var stem = $"{Path.GetFileNameWithoutExtension(input.Path)}-{Verb}";
            if (!settings.Compare)
            {
                for (var result = 0; result < assembled.Length; result++)
                {
                    Save(Scaled([assembled[result]], 1, 0), assembled.Length == 1 ? stem : $"{stem}-{result + 1}", SeedOf(i, result));
                }

                continue;
            }

            ImageBuffer[] strip = [input.Before(), .. Seen(input, SeedOf(i, 0)), .. assembled];
            columns = strip.Length;
            sheet.AddRange(strip);
            if (!work.OneSheet)
            {
                Save(Scaled(strip, columns, 2), $"{stem}-compare", SeedOf(i, 0));
                sheet.Clear();
            }
        }

        if (sheet.Count > 0)
        {
            Save(Scaled(sheet, columns, 2), $"{Path.GetFileNameWithoutExtension(work.Inputs[0].Path)}-{Verb}-compare", work.Seed);
        }
    }

    /// <summary>Writes an interpolation as a strip.</summary>
    public void WriteFrames(IReadOnlyList<ImageBuffer> frames)
    {
        var stem = work.Inputs.Count == 2
            ? $"{Path.GetFileNameWithoutExtension(work.Inputs[0].Path)}-{Path.GetFileNameWithoutExtension(work.Inputs[1].Path)}"
            : string.Create(CultureInfo.InvariantCulture, $"{settings.Seeds![0]}-{settings.Seeds[1]}");
        Save(Scaled(frames, frames.Count, 2), $"{stem}-{Verb}", work.Seed);
    }

    /// <summary>What the model was shown of the picture, where that is less than all and can stand beside it.</summary>
    private IEnumerable<ImageBuffer> Seen(EditInput input, ulong seed)
    {
        var picture = input.Before();
        var known = input.Tiled || settings.Paste ? input.Mask : input.PartMasks.FirstOrDefault();
        return settings.Verb switch
        {
            EditVerb.Superres => input.Tiled ? [] : [ImageGrid.Compose([input.Fitted.Parts[0]], new GridOptions { Padding = 0, Scale = settings.Factor })],
            EditVerb.Inpaint => [Masked(settings.Colorize ? Gray(picture) : picture, picture, known!, hidden: null)],
            EditVerb.Colorize => [known is null ? Gray(picture) : Masked(picture, picture, known, hidden: Gray(picture))],
            EditVerb.Denoise when settings.AddNoise && !input.Tiled && !settings.Paste => [Noisy(picture, seed)],
            _ => [],
        };
    }

    /// <summary>One picture where a mask keeps, another (or black) where it does not.</summary>
    private static ImageBuffer Masked(ImageBuffer kept, ImageBuffer like, ImageMask known, ImageBuffer? hidden)
    {
        var result = new ImageBuffer(like.Width, like.Height, like.Channels);
        for (var y = 0; y < like.Height; y++)
        {
            for (var x = 0; x < like.Width; x++)
            {
                (known.IsKnown(0, y, x) ? kept : hidden)?.Pixel(x, y).CopyTo(result.Pixel(x, y));
            }
        }

        return result;
    }

    // Only for RGB: colours are nobody else's.
    private static ImageBuffer Gray(ImageBuffer picture)
    {
        var result = new ImageBuffer(picture.Width, picture.Height, picture.Channels);
        for (var i = 0; i < picture.Pixels.Length; i += picture.Channels)
        {
            result.Pixels.AsSpan(i, picture.Channels).Fill(new RgbColor(picture.Pixels[i], picture.Pixels[i + 1], picture.Pixels[i + 2]).Luma);
        }

        return result;
    }

    // The noise that the first result's seed draws first.
    private ImageBuffer Noisy(ImageBuffer picture, ulong seed)
    {
        var shape = new ImageShape(1, picture.Channels, picture.Height, picture.Width);
        var values = new float[shape.Length];
        var noise = new float[shape.Length];
        PixelConversion.FromImages([picture], values);
        new TorchGenerator(seed).Randn(noise);
        TensorPrimitives.MultiplyAdd(noise, (float)settings.Sigma!.Value, values, values);
        return PixelConversion.ToImages(values, shape)[0];
    }

    // Seeds count on over pictures, results and parts.
    private ulong SeedOf(int input, int result)
    {
        var before = work.Inputs.Take(input).Sum(one => (long)one.Fitted.Parts.Count * work.Count);
        return work.Seed + (ulong)(before + ((long)result * work.Inputs[input].Fitted.Parts.Count));
    }

    private ImageBuffer Scaled(IReadOnlyList<ImageBuffer> images, int columns, int padding) =>
        ImageGrid.Compose(images, new GridOptions { Columns = columns, Padding = padding, Scale = settings.Scale });

    private void Save(ImageBuffer image, string stem, ulong seed)
    {
        var text = new Dictionary<string, string>
        {
            ["Software"] = $"cm {CommandLineApp.Version} (ConsistencyModels for .NET)",
            ["model"] = settings.Engine.Model.ShortName,
            ["edit"] = Verb,
            ["seed"] = seed.ToString(CultureInfo.InvariantCulture),
        };
        if (settings.Steps is { } steps)
        {
            text["steps"] = steps.ToString(CultureInfo.InvariantCulture);
        }

        if (settings.Timesteps is { } timesteps)
        {
            text["timesteps"] = string.Join(',', timesteps);
        }

        if (settings.Sigma is { } sigma)
        {
            text["sigma"] = sigma.ToString(CultureInfo.InvariantCulture);
        }

        _files.Add(work.Files.Save(image, stem, text));
    }
}
