namespace ConsistencyModels.Networks;

/// <summary>Self-attention over the pixels of a block's output, with a residual connection.</summary>
/// <param name="Name">Prefix of its parameters' names.</param>
/// <param name="Channels">Channels in and out.</param>
/// <param name="HeadDim">Channels of a head; scores are scaled by 1/√HeadDim.</param>
/// <param name="Heads">Number of heads.</param>
/// <param name="NormGroups">Groups of its normalization; null for none.</param>
/// <param name="OutputScale">The sum with the input is divided by this.</param>
public sealed record AttentionDescription(string Name, int Channels, int HeadDim, int Heads, int? NormGroups, double OutputScale)
{
    /// <summary>Width of queries, keys and values: Heads·HeadDim.</summary>
    public int InnerDim => Heads * HeadDim;
}
