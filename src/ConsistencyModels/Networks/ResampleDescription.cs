namespace ConsistencyModels.Networks;

/// <summary>What follows the layers of a block and changes the size: a residual block or a plain convolution.</summary>
/// <param name="Resnet">The residual block, or null for a plain convolution.</param>
/// <param name="ConvName">Prefix of the convolution's parameters, or null for a residual block.</param>
/// <param name="Channels">Channels in and out.</param>
/// <param name="Kind">Down or Up.</param>
public sealed record ResampleDescription(ResnetDescription? Resnet, string? ConvName, int Channels, ResampleKind Kind);
