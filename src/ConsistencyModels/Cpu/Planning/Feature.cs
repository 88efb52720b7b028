using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>An activation of a plan: [N, H, W, padded C] in the arena.</summary>
internal sealed class Feature(int batch, int height, int width, ChannelLayout layout)
{
    /// <summary>Rows of an image.</summary>
    public int Height => height;

    /// <summary>Columns of an image.</summary>
    public int Width => width;

    /// <summary>Pixels of an image.</summary>
    public int Pixels => checked(height * width);

    /// <summary>Pixels of the batch.</summary>
    public int Rows => checked(batch * Pixels);

    /// <summary>How its channels lie.</summary>
    public ChannelLayout Layout => layout;

    /// <summary>Floats from pixel to pixel.</summary>
    public int Stride => layout.Padded;

    /// <summary>Its memory.</summary>
    public ArenaSlot Slot { get; } = new((long)batch * height * width * layout.Padded);
}

/// <summary>What is added to a layer's output.</summary>
/// <param name="Source">Of the output's channels.</param>
/// <param name="Doubled">Whether it has half the size and each of its pixels serves 2x2 of the output.</param>
internal sealed record Residual(Feature Source, bool Doubled = false);

/// <summary>Some columns of the projected time embedding [N, RowStride].</summary>
/// <param name="Slot">Its memory.</param>
/// <param name="RowStride">Floats from image to image.</param>
/// <param name="Offset">First column.</param>
internal sealed record TimeColumns(ArenaSlot Slot, int RowStride, int Offset);
