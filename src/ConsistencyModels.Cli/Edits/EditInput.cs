using System.Globalization;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>A picture to edit, read and brought to the model's size before the model is loaded.</summary>
internal sealed class EditInput
{
    private readonly EditSettings _settings;
    private readonly Model _model;
    private readonly ImageSize _size;
    private readonly FitMode _mode;
    private readonly SeparateAlpha? _alpha;

    private EditInput(EditSettings settings, Model model, string path, ImageBuffer rgba, ImageSize size)
    {
        (_settings, _model, Path) = (settings, model, path);
        _size = new(size.Height / settings.Enlargement, size.Width / settings.Enlargement);

        // A strip is opaque, and what --alpha fills is opaque afterwards.
        var channels = model.Config.InChannels;
        _alpha = channels == 4 || settings.Compare || settings.Mask.Alpha || settings.Verb == EditVerb.Interpolate ? null : SeparateAlpha.Of(rgba);
        Picture = (_alpha?.Colours ?? rgba).WithChannels(channels);
        HasLostAlpha = channels != 4 && _alpha is null && !settings.Mask.Alpha && SeparateAlpha.Of(rgba) is not null;

        // An enlargement of a part would be smaller than the picture it is of.
        var larger = Picture.Width > _size.Width || Picture.Height > _size.Height;
        _mode = settings.Fit ?? (settings.Verb == EditVerb.Superres && larger ? FitMode.Tile : FitMode.Crop);
        Fitted = new(Picture, _size, _mode);
        Tiled = _mode == FitMode.Tile && !Fitted.IsExact;
        if (settings.Verb == EditVerb.Superres && !Tiled && (Picture.Width > size.Width || Picture.Height > size.Height))
        {
            throw new ConsistencyModelsException(
                $"--fit {_mode.ToString().ToLowerInvariant()}: {path} has {Picture.Width}x{Picture.Height} pixels and would come out smaller, {size.Width}x{size.Height}; leave --fit out, and all of it is enlarged");
        }

        if (settings.Mask.Sources > 0)
        {
            Mask = settings.Mask.Of(path, Picture);
            PartMask = Fitted.Fit(Mask);
            if (PartMask.Share == 0)
            {
                throw new ConsistencyModelsException(
                    $"{path}: what is to be filled lies outside of the middle that is used; --fit tile edits all of the picture at its own size, --fit pad uses all of it");
            }
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The picture at its own size, with the model's channels.</summary>
    public ImageBuffer Picture { get; }

    /// <summary>What of it the model is given.</summary>
    public FittedPicture Fitted { get; }

    /// <summary>Whether it is edited in tiles, at its own size.</summary>
    public bool Tiled { get; }

    /// <summary>What of the picture is filled, or null.</summary>
    public FillMask? Mask { get; }

    /// <summary>What is filled of what the model is given, or null.</summary>
    public FillMask? PartMask { get; }

    /// <summary>Whether transparent parts of the picture lie on black in the result.</summary>
    public bool HasLostAlpha { get; }

    /// <summary>Whether the result has the picture's transparency.</summary>
    public bool KeepsAlpha => _alpha is not null;

    /// <summary>Whether the file says what its colours mean, which the result does not.</summary>
    public bool HasProfile { get; private init; }

    /// <summary>How much of what the model is given is filled, 0 to 1; null where that is not the question.</summary>
    public double? Filled => _settings.Verb == EditVerb.Inpaint ? (Tiled || _settings.Paste ? Mask : PartMask)?.Share : null;

    /// <summary>Reads a picture.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be read, or the mask is not for it.</exception>
    public static EditInput Read(EditSettings settings, Model model, string path, ImageSize size)
    {
        if (Directory.Exists(path))
        {
            throw new ConsistencyModelsException($"{path} is a folder, expected pictures; name them, as in {System.IO.Path.Combine(path, "*.png")}");
        }

        return new(settings, model, path, ImageDecoder.DecodeFile(path, new DecodeOptions { Channels = 4 }), size) { HasProfile = HoldsProfile(path) };
    }

    /// <summary>What was cut, scaled, guessed or lost.</summary>
    public IEnumerable<string> Notes()
    {
        if (!Fitted.IsExact && _settings.Fit is null && !Tiled)
        {
            var scaled = $"scaled to {_size.Width}x{_size.Height}; --fit tile edits all of it at its own size";
            yield return (long)Picture.Width * _size.Height == (long)Picture.Height * _size.Width
                ? $"{Path} has {Picture.Width}x{Picture.Height} pixels: it is {scaled}"
                : $"{Path} has {Picture.Width}x{Picture.Height} pixels: its middle is used, {scaled}, --fit pad uses all of it";
        }

        if (Tiled && _settings.Fit is null)
        {
            yield return $"{Path} has {Picture.Width}x{Picture.Height} pixels: all of it is enlarged, in overlapping tiles of {_size.Width}x{_size.Height}";
        }

        if (HasLostAlpha)
        {
            yield return $"{Path}: its transparent parts are drawn on black{(_settings.Compare ? "; without --compare they stay transparent" : "")}";
        }

        if (HasProfile)
        {
            yield return $"{Path}: its colour profile is not kept: the result's colours are taken for sRGB's";
        }

        if (PartMask is { Share: >= 1 } && _settings.Verb == EditVerb.Inpaint)
        {
            yield return $"{Path}: the mask keeps nothing, so all of the picture is made up";
        }

        if (Mask is { IsSoft: true } && !_settings.Colorize)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{Path}: the mask has gray: such pixels are filled and mixed with the picture in that share");
        }
    }

    // The marks of a profile in PNG, JPEG and WebP, which stand before the pixels.
    private static bool HoldsProfile(string path)
    {
        const int Beginning = 1 << 16;
        using var file = File.OpenRead(path);
        var bytes = new byte[Math.Min(Beginning, file.Length)];
        var head = bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        return head.IndexOf("ICC_PROFILE\0"u8) >= 0 || head.IndexOf("iCCP"u8) >= 0 || head.IndexOf("ICCP"u8) >= 0;
    }

    /// <summary>The edit of this picture.</summary>
    public ImageEdit Edit => _settings.Verb switch
    {
        EditVerb.Inpaint => _settings.Colorize ? ImageEdit.InpaintGray(PartMask!.Known) : ImageEdit.Inpaint(PartMask!.Known),
        EditVerb.Colorize => ImageEdit.Colorize(PartMask?.Known),
        EditVerb.Superres => ImageEdit.SuperResolve(_settings.Factor),
        EditVerb.Denoise => ImageEdit.Denoise(_settings.SigmaFor(_model), _settings.AddNoise),
        _ => ImageEdit.Stroke(_settings.SigmaFor(_model)),
    };

    /// <summary>A result for the user, of what the model made.</summary>
    public ImageBuffer Assemble(ImageBuffer part)
    {
        // Of a gray picture that gets colours only the gray was known, so nothing of it comes back.
        var mask = _settings.Colorize ? null : Mask;
        if (_settings.Verb == EditVerb.Superres)
        {
            return _alpha?.Enlarge(_size, _mode, _settings.Factor, Tiled ? Fitted.Inner(part, _settings.Factor) : part) ?? (Tiled ? Fitted.Inner(part, _settings.Factor) : part);
        }

        if (Tiled || _settings.Paste)
        {
            var whole = Fitted.PasteBack(part, mask);
            return _alpha?.Put(whole) ?? whole;
        }

        var result = mask is null ? part : PartMask!.Compose(Fitted.Part, part);
        return _alpha?.Put(result, _size, _mode) ?? result;
    }

    /// <summary>The picture beside which results of <see cref="Assemble"/> can stand.</summary>
    public ImageBuffer Before() =>
        _settings.Verb == EditVerb.Superres
            ? (Tiled
                ? ImageGrid.Compose([Picture], new GridOptions { Padding = 0, Scale = _settings.Factor })
                : new FittedPicture(Picture, new(_size.Height * _settings.Factor, _size.Width * _settings.Factor), _mode).Part)
        : Tiled || _settings.Paste ? Picture
        : Fitted.Part;
}
