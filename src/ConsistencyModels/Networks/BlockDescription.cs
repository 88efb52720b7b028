namespace ConsistencyModels.Networks;

/// <summary>One level of the network on the way down or up, or its middle.</summary>
/// <param name="Name">Prefix of its parameters' names: <c>down_blocks.0</c>, <c>mid_block</c>, <c>up_blocks.2</c>.</param>
/// <param name="Resnets">Its residual blocks in order.</param>
/// <param name="Attentions">
/// Its attention layers, or empty. On the way down and up attention i follows residual block i; in the middle it stands between blocks i and i+1.
/// </param>
/// <param name="Resample">What changes the size at its end, or null.</param>
public sealed record BlockDescription(
    string Name,
    IReadOnlyList<ResnetDescription> Resnets,
    IReadOnlyList<AttentionDescription> Attentions,
    ResampleDescription? Resample);
