namespace ConsistencyModels.Networks;

/// <summary>The configuration of a UNet2DModel (being written).</summary>
public sealed record UNet2DConfig
{
    /// <summary>Channels of the input image.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the output.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Height the network was made for.</summary>
    public int SampleHeight { get; init; }

    /// <summary>Width the network was made for.</summary>
    public int SampleWidth { get; init; }

    /// <summary>Number of classes, or null without class embedding.</summary>
    public int? NumClassEmbeds { get; init; }

    /// <summary>Heights and widths must be multiples of this.</summary>
    public int SpatialFactor => 1;
}
