using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>A picture to edit, read and brought to the model's size before the model is loaded.</summary>
internal sealed class EditInput
{
    private readonly EditSettings _settings;
    private readonly ImageSize _size;

    private EditInput(EditSettings settings, string path, ImageBuffer picture, ImageSize size, FitMode mode)
    {
        _settings = settings;
        _size = new(size.Height / settings.Enlargement, size.Width / settings.Enlargement);
        Path = path;
        Picture = picture;
        Fitted = new(picture, _size, mode);
        Tiled = mode == FitMode.Tile && !Fitted.IsExact;
        if (settings.Mask.Sources > 0)
        {
            Mask = settings.Mask.Of(path, picture);
            PartMask = Fitted.Fit(Mask);
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

    /// <summary>What is kept of the picture, or null.</summary>
    public ImageMask? Mask { get; }

    /// <summary>What is kept of what the model is given, or null.</summary>
    public ImageMask? PartMask { get; }

    /// <summary>Reads a picture.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be read, or the mask is not for it.</exception>
    public static EditInput Read(EditSettings settings, string path, int channels, ImageSize size)
    {
        var picture = ImageDecoder.DecodeFile(path, new DecodeOptions { Channels = channels });
        return new(settings, path, picture, size, settings.Fit ?? FitMode.Crop);
    }

    /// <summary>What has to be said about its size, or null.</summary>
    public string? Note
    {
        get
        {
            if (Fitted.IsExact || _settings.Fit is not null)
            {
                return null;
            }

            var scaled = $"scaled to {_size.Width}x{_size.Height}; --fit tile edits all of it at its own size";
            return (long)Picture.Width * _size.Height == (long)Picture.Height * _size.Width
                ? $"{Path} has {Picture.Width}x{Picture.Height} pixels: it is {scaled}"
                : $"{Path} has {Picture.Width}x{Picture.Height} pixels: its middle is used, {scaled}, --fit pad uses all of it";
        }
    }

    /// <summary>The edit of this picture.</summary>
    public ImageEdit Edit => _settings.Verb switch
    {
        EditVerb.Inpaint => _settings.Colorize ? ImageEdit.InpaintGray(PartMask!) : ImageEdit.Inpaint(PartMask!),
        EditVerb.Colorize => ImageEdit.Colorize(PartMask),
        EditVerb.Superres => ImageEdit.SuperResolve(_settings.Factor),
        EditVerb.Denoise => ImageEdit.Denoise(_settings.Sigma!.Value, _settings.AddNoise),
        EditVerb.Stroke => ImageEdit.Stroke(_settings.Sigma ?? ImageEdit.DefaultStrokeSigma),
        _ => ImageEdit.Stroke(_settings.Sigma ?? ImageEdit.DefaultVariationSigma),
    };

    /// <summary>A result for the user, of what the model made.</summary>
    public ImageBuffer Assemble(ImageBuffer part) =>
        _settings.Verb == EditVerb.Superres ? (Tiled ? Fitted.Inner(part, _settings.Factor) : part)
        : Tiled || _settings.Paste ? Fitted.PasteBack(part, _settings.Colorize ? null : Mask)
        : part;

    /// <summary>The picture beside which results of <see cref="Assemble"/> can stand.</summary>
    public ImageBuffer Before() =>
        _settings.Verb == EditVerb.Superres
            ? (Tiled
                ? ImageGrid.Compose([Picture], new GridOptions { Padding = 0, Scale = _settings.Factor })
                : new FittedPicture(Picture, new(_size.Height * _settings.Factor, _size.Width * _settings.Factor), _settings.Fit ?? FitMode.Crop).Part)
        : Tiled || _settings.Paste ? Picture
        : Fitted.Part;
}
