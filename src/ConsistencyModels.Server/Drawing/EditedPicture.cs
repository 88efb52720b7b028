using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Pixels;
using ConsistencyModels.Server.Requests;

namespace ConsistencyModels.Server.Drawing;

/// <summary>A picture of a request, brought to the model's size, and the way back.</summary>
internal sealed class EditedPicture
{
    private readonly DrawRequest _request;
    private readonly ImageSize _size;
    private readonly FitMode _mode;
    private readonly SeparateAlpha? _alpha;
    private readonly FillMask? _mask;
    private readonly FillMask? _partMask;
    private readonly ImageBuffer _picture;

    /// <summary>Brings a picture to the model's size.</summary>
    /// <param name="request">The words of the request.</param>
    /// <param name="model">The model.</param>
    /// <param name="rgba">The picture.</param>
    /// <param name="mask">The mask's picture, of the same size; null for none.</param>
    /// <exception cref="ProblemException">The mask or the size is not for it.</exception>
    public EditedPicture(DrawRequest request, Model model, ImageBuffer rgba, ImageBuffer? mask)
    {
        _request = request;
        var made = model.Config.SampleSize!.Value;
        _size = new(made.Height / request.Enlargement, made.Width / request.Enlargement);
        if (_size.Height < 1 || _size.Width < 1)
        {
            throw ProblemException.Of("factor", $"{request.Enlargement}", $"a divisor of the model's size, {made}");
        }

        var channels = model.Config.InChannels;
        _alpha = channels == 4 || request.Alpha ? null : SeparateAlpha.Of(rgba);
        _picture = (_alpha?.Colours ?? rgba).WithChannels(channels);
        var larger = rgba.Width > _size.Width || rgba.Height > _size.Height;
        _mode = request.Fit ?? (request.Operation == Operation.Superres && larger ? FitMode.Tile : FitMode.Crop);
        Fitted = new(_picture, _size, _mode);
        IsTiled = _mode == FitMode.Tile && !Fitted.IsExact;
        if (request.Operation == Operation.Superres && !IsTiled && (rgba.Width > made.Width || rgba.Height > made.Height))
        {
            throw ProblemException.Of("fit", $"{_mode.ToString().ToLowerInvariant()} for a picture of {rgba.Width}x{rgba.Height}, which would come out smaller", "tile, or none");
        }

        _mask = MaskOf(rgba, mask);
        if (_mask is not null)
        {
            _partMask = Fitted.Fit(_mask);
            if (_partMask.Share == 0)
            {
                throw ProblemException.Of("fit", "what is to be filled lies outside of the middle that is used", "tile or pad");
            }
        }
    }

    /// <summary>What the model is given.</summary>
    public FittedPicture Fitted { get; }

    /// <summary>Whether it is edited in tiles, at its own size.</summary>
    public bool IsTiled { get; }

    /// <summary>Size of what is drawn.</summary>
    public ImageSize DrawnSize => new(Fitted.Part.Height * _request.Enlargement, Fitted.Part.Width * _request.Enlargement);

    /// <summary>Size of the result.</summary>
    public ImageSize ResultSize =>
        _request.Operation == Operation.Superres ? (IsTiled ? new(_picture.Height * _request.Factor, _picture.Width * _request.Factor) : DrawnSize)
        : IsTiled || _request.Paste ? new(_picture.Height, _picture.Width)
        : new(Fitted.Part.Height, Fitted.Part.Width);

    /// <summary>Pixels kept until the end.</summary>
    public long Kept => (long)_picture.Width * _picture.Height;

    /// <summary>The edit.</summary>
    /// <param name="sigma">The noise level of those that have one.</param>
    public ImageEdit Edit(double? sigma) => _request.Operation switch
    {
        Operation.Inpaint => _request.Colorize ? ImageEdit.InpaintGray(_partMask!.Known) : ImageEdit.Inpaint(_partMask!.Known),
        Operation.Colorize => ImageEdit.Colorize(_partMask?.Known),
        Operation.Superres => ImageEdit.SuperResolve(_request.Factor),
        Operation.Denoise => ImageEdit.Denoise(sigma!.Value, _request.AddNoise),
        _ => ImageEdit.Stroke(sigma!.Value),
    };

    /// <summary>A result for the user, of what the model made.</summary>
    public ImageBuffer Assemble(ImageBuffer part)
    {
        if (_request.Operation == Operation.Superres)
        {
            var inner = IsTiled ? Fitted.Inner(part, _request.Factor) : part;
            return _alpha?.Enlarge(_size, _mode, _request.Factor, inner) ?? inner;
        }

        // Of a gray picture that gets colours only the gray was known, so nothing of it comes back.
        var mask = _request.Colorize ? null : _mask;
        if (IsTiled || _request.Paste)
        {
            var whole = Fitted.PasteBack(part, mask);
            return _alpha?.Put(whole) ?? whole;
        }

        var result = mask is null ? part : _partMask!.Compose(Fitted.Part, part);
        return _alpha?.Put(result, _size, _mode) ?? result;
    }

    /// <summary>What was cut, scaled or lost.</summary>
    public IEnumerable<string> Notes()
    {
        if (!Fitted.IsExact && !IsTiled)
        {
            yield return $"the picture has {_picture.Width}x{_picture.Height} pixels: {(_mode == FitMode.Pad ? "all of it is used" : "its middle is used")}, scaled to {_size.Width}x{_size.Height}; fit: tile edits all of it at its own size";
        }

        if (IsTiled && _request.Fit is null)
        {
            yield return $"the picture has {_picture.Width}x{_picture.Height} pixels: all of it is enlarged, in overlapping tiles of {_size.Width}x{_size.Height}";
        }

        if (_alpha is not null && _request.Format == ImageFormat.Jpeg)
        {
            yield return "JPEG has no transparency: what is transparent is drawn on black";
        }

        if (_partMask is { Share: >= 1 } && _request.Operation == Operation.Inpaint)
        {
            yield return "the mask keeps nothing, so all of the picture is made up";
        }
    }

    private FillMask? MaskOf(ImageBuffer rgba, ImageBuffer? drawn)
    {
        var sources = (drawn is null ? 0 : 1) + (_request.Rectangle is null ? 0 : 1) + (_request.Alpha ? 1 : 0);
        if (sources != 1)
        {
            return sources == 0 && _request.Operation != Operation.Inpaint
                ? null
                : throw ProblemException.Of("mask", sources == 0 ? "nothing that says what to fill" : "several of mask, rect and alpha", "one of mask, rect and alpha");
        }

        var size = new ImageSize(rgba.Height, rgba.Width);
        if (drawn is not null && (drawn.Width != size.Width || drawn.Height != size.Height))
        {
            throw ProblemException.Of("mask", $"{drawn.Width}x{drawn.Height} pixels", $"{size.Width}x{size.Height}, as the picture has");
        }

        var field = drawn is not null ? "mask" : _request.Alpha ? "alpha" : "rect";
        var mask = DrawPlan.Checked(
            () => drawn is not null ? FillMask.FromImage(drawn)
                : _request.Rectangle is [var left, var top, var width, var height] ? FillMask.Of(ImageMask.Rectangle(size, left, top, width, height))
                : FillMask.FromAlpha(rgba),
            field);
        mask = _request.Invert ? mask.Inverted() : mask;
        return mask.Share > 0 ? mask : throw ProblemException.Of(field, "a mask that fills nothing", "white where it is to be filled");
    }
}
