namespace ConsistencyModels.Networks;

/// <summary>How a layer changes the spatial size.</summary>
public enum ResampleKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Halves it (2x2 mean inside a residual block, stride 2 in a convolution).</summary>
    Down,

    /// <summary>Doubles it (nearest neighbour).</summary>
    Up,
}
