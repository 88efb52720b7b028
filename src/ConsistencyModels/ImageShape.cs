namespace ConsistencyModels;

/// <summary>The shape of a batch of images in memory: [N, C, H, W], contiguous, W fastest.</summary>
/// <param name="Batch">N, the number of images.</param>
/// <param name="Channels">C.</param>
/// <param name="Height">H in pixels.</param>
/// <param name="Width">W in pixels.</param>
public readonly record struct ImageShape(int Batch, int Channels, int Height, int Width)
{
    /// <summary>Floats in one image: C·H·W.</summary>
    /// <exception cref="ArgumentException">They are more than an array can hold.</exception>
    public int ImageLength => Count(Channels);

    /// <summary>Floats in the whole batch: N·C·H·W.</summary>
    /// <exception cref="ArgumentException">They are more than an array can hold.</exception>
    public int Length => Count((long)Batch * Channels);

    /// <summary>The same image shape with another batch size.</summary>
    public ImageShape WithBatch(int batch) => this with { Batch = batch };

    /// <inheritdoc/>
    public override string ToString() => $"[{Batch}, {Channels}, {Height}, {Width}]";

    // A shape comes from a caller, and its length is the first thing that is asked of it wherever one is taken: so this is an
    // argument error, and says which shape it was.
    private int Count(long planes)
    {
        var high = Math.BigMul(planes, (long)Height * Width, out var low);
        return high == low >> 63 && low <= Array.MaxLength && low >= -Array.MaxLength
            ? (int)low
            : throw new ArgumentException($"The shape {this} has {(Int128)planes * Height * Width} values; expected at most {Array.MaxLength}, as many as an array can hold.");
    }
}

/// <summary>Height and width of an image in pixels.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct ImageSize(int Height, int Width)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Height}x{Width}";
}
