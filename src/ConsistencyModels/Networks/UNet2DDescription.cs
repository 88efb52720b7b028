namespace ConsistencyModels.Networks;

/// <summary>
/// The one description of a network: its blocks and parameters, derived from the configuration. Engines build from it,
/// strict loading checks against it, and <c>cm info</c> and <c>cm new</c> read it.
/// </summary>
public sealed class UNet2DDescription
{
    private UNet2DDescription(UNet2DConfig config)
    {
        UNet2DConfigValidation.ThrowIfUnsupported(config);
        Config = config;
        DownBlocks = UNet2DBlocks.Down(config);
        MidBlock = UNet2DBlocks.Middle(config);
        UpBlocks = UNet2DBlocks.Up(config);
        Parameters = UNet2DParameters.List(this);
    }

    /// <summary>The configuration described.</summary>
    public UNet2DConfig Config { get; }

    /// <summary>Blocks on the way down, finest first.</summary>
    public IReadOnlyList<BlockDescription> DownBlocks { get; }

    /// <summary>The middle block, or null.</summary>
    public BlockDescription? MidBlock { get; }

    /// <summary>Blocks on the way up, coarsest first. Each consumes as many skip connections as it has residual blocks.</summary>
    public IReadOnlyList<BlockDescription> UpBlocks { get; }

    /// <summary>Every parameter, in the order of diffusers' state dict.</summary>
    public IReadOnlyList<ParameterDescription> Parameters { get; }

    /// <summary>Number of scalars in all parameters.</summary>
    public long ParameterCount => Parameters.Sum(parameter => parameter.Count);

    /// <summary>Describes the network of a configuration.</summary>
    /// <exception cref="ConsistencyModelsException">The configuration asks for something this library does not have, or contradicts itself.</exception>
    public static UNet2DDescription Of(UNet2DConfig config) => new(config);
}
