namespace ConsistencyModels;

/// <summary>The shape of a batch of images in memory: [N, C, H, W], contiguous, W fastest.</summary>
/// <param name="Batch">N, the number of images.</param>
/// <param name="Channels">C.</param>
/// <param name="Height">H in pixels.</param>
/// <param name="Width">W in pixels.</param>
public readonly record struct ImageShape(int Batch, int Channels, int Height, int Width)
{
    /// <summary>Floats in one image: C·H·W.</summary>
    public int ImageLength => checked(Channels * Height * Width);

    /// <summary>Floats in the whole batch: N·C·H·W.</summary>
    public int Length => checked(Batch * ImageLength);

    /// <summary>The same image shape with another batch size.</summary>
    public ImageShape WithBatch(int batch) => this with { Batch = batch };

    /// <inheritdoc/>
    public override string ToString() => $"[{Batch}, {Channels}, {Height}, {Width}]";
}

/// <summary>Height and width of an image in pixels.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct ImageSize(int Height, int Width)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Height}x{Width}";
}
