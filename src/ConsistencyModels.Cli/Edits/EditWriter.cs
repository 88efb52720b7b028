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
    private readonly List<WrittenResult> _written = [];
    private readonly List<ImageBuffer> _sheet = [];
    private readonly List<(EditInput? Input, EditResult Result)> _onSheet = [];
    private int _columns;

    /// <summary>The results that were written, in their order.</summary>
    public IReadOnlyList<WrittenResult> Written => _written;

    private string Verb => settings.Verb.ToString().ToLowerInvariant();

    /// <summary>Takes the results of a picture: writes them, or keeps a strip of them for the sheet.</summary>
    /// <param name="index">Which picture.</param>
    /// <param name="results">Its results, as they are for the user.</param>
    public void Write(int index, IReadOnlyList<EditResult> results)
    {
        var input = job.Inputs[index];
        var stem = $"{Path.GetFileNameWithoutExtension(input.Path)}-{Verb}";
        if (!settings.Compare)
        {
            for (var result = 0; result < results.Count; result++)
            {
                Save(Scaled([results[result].Image], 1, 0), results.Count == 1 ? stem : $"{stem}-{result + 1}", [(input, results[result])]);
            }

            return;
        }

        ImageBuffer[] strip = [input.Before(), .. Seen(input, results[0].Seed), .. results.Select(result => result.Image)];
        _columns = strip.Length;
        _sheet.AddRange(strip);
        _onSheet.AddRange(results.Select(result => ((EditInput?)input, result)));
        if (!job.OneSheet)
        {
            Save(Scaled(strip, strip.Length, 2), $"{stem}-compare", _onSheet);
            _sheet.Clear();
            _onSheet.Clear();
        }
    }

    /// <summary>Writes the sheet, if there is one.</summary>
    public void Finish()
    {
        if (_sheet.Count > 0)
        {
            Save(Scaled(_sheet, _columns, 2), $"{Path.GetFileNameWithoutExtension(job.Inputs[0].Path)}-{Verb}-compare", _onSheet);
        }
    }

    /// <summary>Writes an interpolation as a strip, or moving.</summary>
    public void WriteFrames(IReadOnlyList<EditResult> frames)
    {
        var stem = job.Inputs.Count == 2
            ? $"{Path.GetFileNameWithoutExtension(job.Inputs[0].Path)}-{Path.GetFileNameWithoutExtension(job.Inputs[1].Path)}"
            : string.Create(CultureInfo.InvariantCulture, $"{settings.Seeds![0]}-{settings.Seeds[1]}");
        if (settings.PerFrame is { } time)
        {
            var moving = AnimatedWebp.ThereAndBack([.. frames.Select(frame => Scaled([frame.Image], 1, 0))]);
            Add(job.Files.Save(AnimatedWebp.Encode(moving, time), $"{stem}-{Verb}"), [(job.Inputs.FirstOrDefault(), frames[0])]);
            return;
        }

        Save(Scaled([.. frames.Select(frame => frame.Image)], frames.Count, 2), $"{stem}-{Verb}", [(job.Inputs.FirstOrDefault(), frames[0])]);
    }

    /// <summary>What the model was shown of the picture, where that is less than all and can stand beside it.</summary>
    private IEnumerable<ImageBuffer> Seen(EditInput input, ulong seed)
    {
        var picture = input.Before();
        var known = input.Tiled || settings.Paste ? input.Mask : input.PartMask;
        return settings.Verb switch
        {
            EditVerb.Superres => input.Tiled ? [] : [ImageGrid.Compose([input.Fitted.Part], new GridOptions { Padding = 0, Scale = settings.Factor })],
            EditVerb.Inpaint => [Masked(settings.Colorize ? Gray(picture) : picture, Checkerboard.Like(picture), known!)],
            EditVerb.Colorize => [known is null ? Gray(picture) : Masked(picture, Gray(picture), known)],
            EditVerb.Denoise when settings.AddNoise && !input.Tiled && !settings.Paste => [Noisy(picture, seed)],
            _ => [],
        };
    }

    // What is filled in part is not known, but may be seen in part.
    private static ImageBuffer Masked(ImageBuffer kept, ImageBuffer hidden, FillMask mask) => mask.Compose(kept, hidden);

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

    private void Save(ImageBuffer image, string stem, IReadOnlyList<(EditInput? Input, EditResult Result)> results)
    {
        if (job.Files.Format == ImageFormat.Jpeg)
        {
            image = image.WithChannels(image.Channels == 4 ? 3 : image.Channels);
        }

        Add(job.Files.Save(image, stem, EditParameters.Of(settings, job, results)), results);
    }

    private void Add(string path, IReadOnlyList<(EditInput? Input, EditResult Result)> results) =>
        _written.AddRange(results.Select(one => new WrittenResult(path, one.Input, one.Result.Seed, one.Result.Label)));
}

/// <summary>What stands for the unknown, as image editors show it: two grays in turn.</summary>
internal static class Checkerboard
{
    private const byte Dark = 102;
    private const byte Light = 153;

    /// <summary>As large as a picture, eight fields on its shorter side.</summary>
    public static ImageBuffer Like(ImageBuffer picture)
    {
        var side = Math.Max(1, Math.Min(picture.Width, picture.Height) / 8);
        var board = new ImageBuffer(picture.Width, picture.Height, picture.Channels);
        for (var y = 0; y < board.Height; y++)
        {
            for (var x = 0; x < board.Width; x++)
            {
                board.Pixel(x, y).Fill(((x / side) + (y / side)) % 2 == 0 ? Dark : Light);
                if (board.Channels == 4)
                {
                    board.Pixel(x, y)[3] = byte.MaxValue;
                }
            }
        }

        return board;
    }
}

/// <summary>A result and where it is.</summary>
/// <param name="File">The picture, or the strip it is part of.</param>
/// <param name="Input">The picture it was made of; null between two seeds.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class, given or drawn; null for a model without classes.</param>
internal sealed record WrittenResult(string File, EditInput? Input, ulong Seed, int? Label);
