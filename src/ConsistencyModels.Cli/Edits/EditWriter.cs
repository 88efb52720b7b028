using System.Globalization;
using System.Numerics.Tensors;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>Puts results back together and writes them: single pictures, or strips of before and after.</summary>
internal sealed class EditWriter(EditSettings settings, EditJob job)
{
    private readonly List<string> _files = [];
    private readonly List<ImageBuffer> _sheet = [];
    private int _columns;

    /// <summary>What was written.</summary>
    public IReadOnlyList<string> Files => _files;

    private string Verb => settings.Verb.ToString().ToLowerInvariant();

    /// <summary>Takes the results of a picture: writes them, or keeps a strip of them for the sheet.</summary>
    /// <param name="index">Which picture.</param>
    /// <param name="results">Its results, as they are for the user.</param>
    public void Write(int index, IReadOnlyList<ImageBuffer> results)
    {
        var input = job.Inputs[index];
        var stem = $"{Path.GetFileNameWithoutExtension(input.Path)}-{Verb}";
        if (!settings.Compare)
        {
            for (var result = 0; result < results.Count; result++)
            {
                Save(Scaled([results[result]], 1, 0), results.Count == 1 ? stem : $"{stem}-{result + 1}", job.SeedOf(index, result));
            }

            return;
        }

        ImageBuffer[] strip = [input.Before(), .. Seen(input, job.SeedOf(index, 0)), .. results];
        _columns = strip.Length;
        _sheet.AddRange(strip);
        if (!job.OneSheet)
        {
            Save(Scaled(strip, strip.Length, 2), $"{stem}-compare", job.SeedOf(index, 0));
            _sheet.Clear();
        }
    }

    /// <summary>Writes the sheet, if there is one.</summary>
    public void Finish()
    {
        if (_sheet.Count > 0)
        {
            Save(Scaled(_sheet, _columns, 2), $"{Path.GetFileNameWithoutExtension(job.Inputs[0].Path)}-{Verb}-compare", job.Seed);
        }
    }

    /// <summary>Writes an interpolation as a strip.</summary>
    public void WriteFrames(IReadOnlyList<ImageBuffer> frames)
    {
        var stem = job.Inputs.Count == 2
            ? $"{Path.GetFileNameWithoutExtension(job.Inputs[0].Path)}-{Path.GetFileNameWithoutExtension(job.Inputs[1].Path)}"
            : string.Create(CultureInfo.InvariantCulture, $"{settings.Seeds![0]}-{settings.Seeds[1]}");
        Save(Scaled(frames, frames.Count, 2), $"{stem}-{Verb}", job.Seed);
    }

    /// <summary>What the model was shown of the picture, where that is less than all and can stand beside it.</summary>
    private IEnumerable<ImageBuffer> Seen(EditInput input, ulong seed)
    {
        var picture = input.Before();
        var known = input.Tiled || settings.Paste ? input.Mask : input.PartMask;
        return settings.Verb switch
        {
            EditVerb.Superres => input.Tiled ? [] : [ImageGrid.Compose([input.Fitted.Part], new GridOptions { Padding = 0, Scale = settings.Factor })],
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

        _files.Add(job.Files.Save(image, stem, text));
    }
}
