namespace ConsistencyModels.Cpu;

/// <summary>Where a Winograd tile's outputs go and what is added to them.</summary>
internal unsafe struct WinogradTarget
{
    /// <summary>The output pixel in the tile's upper left corner.</summary>
    public float* Output;

    /// <summary>Distance of output rows and of pixels, in floats.</summary>
    public nint RowStride, PixelStride;

    /// <summary>Rows and columns of the tile inside the image.</summary>
    public int Rows, Columns;

    /// <summary>Channels, a multiple of 16.</summary>
    public int Channels;

    /// <summary>One value a channel.</summary>
    public float* Bias;

    /// <summary>A second bias, the image's own (its time embedding), or null.</summary>
    public float* ImageBias;

    /// <summary>The residual at the tile's corner, or null. May be <see cref="Output"/>.</summary>
    public float* Residual;

    /// <summary>Distance of the residual's rows and pixels.</summary>
    public nint ResidualRowStride, ResidualPixelStride;

    /// <summary>1 if the residual has half the size and each of its pixels serves 2x2 outputs, else 0.</summary>
    public int ResidualShift;

    /// <summary>The sum is multiplied by this.</summary>
    public float Scale;
}
