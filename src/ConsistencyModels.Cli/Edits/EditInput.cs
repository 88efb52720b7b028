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
        _size = size;
        Path = path;
        Picture = picture;
        var factor = settings.Verb == EditVerb.Superres ? settings.Factor : 1;
        Fitted = new(picture, new ImageSize(size.Height / factor, size.Width / factor), mode);
        Tiled = mode == FitMode.Tile && !Fitted.IsExact;
        if (settings.Mask.Sources > 0)
        {
            Mask = settings.Mask.Of(path, picture);
            PartMasks = Fitted.Fit(Mask);
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The picture at its own size, with the model's channels.</summary>
    public ImageBuffer Picture { get; }

    /// <summary>Its parts: of the model's size, or that over the factor for super-resolution.</summary>
    public FittedPicture Fitted { get; }

    /// <summary>Whether it was cut into tiles.</summary>
    public bool Tiled { get; }

    /// <summary>What is kept of the picture, or null.</summary>
    public ImageMask? Mask { get; }

    /// <summary>What is kept of each part; empty without a mask.</summary>
    public IReadOnlyList<ImageMask> PartMasks { get; } = [];

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

            var factor = _settings.Verb == EditVerb.Superres ? _settings.Factor : 1;
            var (width, height) = (_size.Width / factor, _size.Height / factor);
            var scaled = $"scaled to {width}x{height}; --fit tile cuts it into tiles at its own size";
            return (long)Picture.Width * height == (long)Picture.Height * width
                ? $"{Path} has {Picture.Width}x{Picture.Height} pixels: it is {scaled}"
                : $"{Path} has {Picture.Width}x{Picture.Height} pixels: its middle is used, {scaled}, --fit pad uses all of it";
        }
    }

    /// <summary>A result for the user, of the results for the parts.</summary>
    public ImageBuffer Assemble(IReadOnlyList<ImageBuffer> parts) =>
        _settings.Verb == EditVerb.Superres ? (Tiled ? Fitted.Join(parts, _settings.Factor) : parts[0])
        : Tiled || _settings.Paste ? Fitted.PasteBack(parts, _settings.Colorize ? null : Mask)
        : parts[0];

    /// <summary>The picture beside which results of <see cref="Assemble"/> can stand.</summary>
    public ImageBuffer Before() =>
        _settings.Verb == EditVerb.Superres
            ? (Tiled
                ? Pixels(Picture, _settings.Factor)
                : new FittedPicture(Picture, _size, _settings.Fit ?? FitMode.Crop).Parts[0])
        : Tiled || _settings.Paste ? Picture
        : Fitted.Parts[0];

    private static ImageBuffer Pixels(ImageBuffer image, int factor) => ImageGrid.Compose([image], new GridOptions { Padding = 0, Scale = factor });
}
