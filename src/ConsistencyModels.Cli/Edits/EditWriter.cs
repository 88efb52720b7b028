using System.Globalization;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Networks;

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

            ImageBuffer[] strip = [input.Before(), .. Seen(input), .. assembled];
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

    /// <summary>What the model knew of the picture, where that is less than all and can be shown beside it.</summary>
    private IEnumerable<ImageBuffer> Seen(EditInput input)
    {
        var size = new ImageSize(input.Picture.Height, input.Picture.Width);
        if (settings.Verb == EditVerb.Superres)
        {
            return input.Tiled ? [] : [ImageGrid.Compose([input.Fitted.Parts[0]], new GridOptions { Padding = 0, Scale = settings.Factor })];
        }

        var whole = input.Tiled || settings.Paste;
        IMeasurement? measurement = settings.Verb switch
        {
            EditVerb.Inpaint when settings.Colorize => Measurement.Colorization(whole ? input.Mask! : input.PartMasks[0]),
            EditVerb.Inpaint => Measurement.Inpainting(whole ? input.Mask! : input.PartMasks[0]),
            EditVerb.Colorize => Measurement.Colorization(whole ? size : work.Size),
            _ => null,
        };
        if (measurement is null)
        {
            return [];
        }

        var picture = input.Before();
        var shape = new ImageShape(1, picture.Channels, picture.Height, picture.Width);
        var values = new float[shape.Length];
        var observed = new float[shape.Length];
        PixelConversion.FromImages([picture], values);
        measurement.Observe(values, observed, shape);
        return PixelConversion.ToImages(observed, shape);
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
            ["model"] = EngineSettings.NameOf(work.Folder),
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
