
namespace ConsistencyModels.Cpu;

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
