using System.IO.Hashing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Sources;

/// <summary>What is kept of a picture.</summary>
internal enum RecordKind
{
    /// <summary>Its pixels, cropped: what an image of the data set is.</summary>
    Image,

    /// <summary>Its pixels as they are, for random crops of pictures that all have one shape.</summary>
    Original,

    /// <summary>Its encoded bytes, for random crops of pictures that cannot be read one by one.</summary>
    Encoded,

    /// <summary>A hash of its encoded bytes, for random crops of pictures that can: they stay where they are, and have been seen whole.</summary>
    Seen,
}

/// <summary>Makes records of pictures, and pictures of records.</summary>
/// <param name="source">Where the pictures come from.</param>
/// <param name="options">How.</param>
/// <param name="shape">The shape of the images of the data set.</param>
internal sealed class PictureDecoder(IPictureSource source, ImageDataSetOptions options, PictureShape shape)
{
    private readonly DecodeOptions _decode = new()
    {
        Channels = shape.Channels,
        Background = options.Background,
        MaxPixels = options.MaxPixels,
        MaxFileBytes = options.MaxFileBytes,
    };

    public RecordKind Kind { get; } =
        options.Crop != ImageCrop.Random ? RecordKind.Image
        : source.Shape is not null ? RecordKind.Original
        : source.ReadOne is null ? RecordKind.Encoded
        : RecordKind.Seen;

    /// <summary>How many bytes all records take, at most.</summary>
    public long RecordBytes => Kind switch
    {
        RecordKind.Image => (long)source.Count * shape.Length,
        RecordKind.Original => (long)source.Count * (source.Shape!.Value with { Channels = shape.Channels }).Length,
        RecordKind.Encoded => source.EncodedBytes,
        _ => (long)source.Count * sizeof(ulong),
    };

    /// <summary>The record of a picture; null, with the reason, if it is left out for its size.</summary>
    /// <exception cref="ConsistencyModelsException">It is damaged, or too large.</exception>
    public byte[]? ToRecord(PendingPicture pending, out string? reason)
    {
        reason = null;
        string name = source.Describe(pending.Index);
        byte[]? encoded = pending.Encoded?.Invoke();
        ImageBuffer picture = encoded is null ? Raw(pending.Pixels!) : ImageDecoder.Decode(encoded, name, _decode);
        switch (Kind)
        {
            case RecordKind.Original:
                return picture.Pixels;
            case RecordKind.Encoded:
                return encoded;
            case RecordKind.Seen:
                return XxHash64.Hash(encoded!);
            default:
                if (options.Crop == ImageCrop.None && (picture.Width != shape.Width || picture.Height != shape.Height))
                {
                    reason = $"{name}: {picture.Width}x{picture.Height}, not {shape.Width}x{shape.Height}.";
                    return null;
                }

                return Center(picture).Pixels;
        }
    }

    /// <summary>The image of a record, cropped in the middle, or at random by a number.</summary>
    /// <exception cref="ConsistencyModelsException">The picture has changed since, and cannot be read.</exception>
    public ImageBuffer ToImage(int index, ReadOnlySpan<byte> record, long? draw)
    {
        if (Kind == RecordKind.Image)
        {
            return new(shape.Width, shape.Height, shape.Channels, record.ToArray());
        }

        ImageBuffer picture = Kind switch
        {
            RecordKind.Original => new(source.Shape!.Value.Width, source.Shape.Value.Height, shape.Channels, record.ToArray()),
            RecordKind.Encoded => ImageDecoder.Decode(record, source.Describe(index), _decode),
            _ => ImageDecoder.Decode(source.ReadOne!(index), source.Describe(index), _decode),
        };
        return draw is { } number ? RandomCrop.Apply(picture, shape.Width, options.MinCrop, options.MaxCrop, (ulong)number) : Center(picture);
    }

    private ImageBuffer Raw(ImageBuffer picture) => picture.WithChannels(shape.Channels, options.Background);

    // A picture that is not square stays as it is where its own size was asked for.
    private ImageBuffer Center(ImageBuffer picture) =>
        picture.Width == shape.Width && picture.Height == shape.Height ? picture : ImageResize.CenterCrop(picture, shape.Width);
}
