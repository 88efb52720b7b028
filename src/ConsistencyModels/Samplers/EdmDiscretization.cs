namespace ConsistencyModels.Samplers;

/// <summary>Which noise levels <see cref="EdmSampler"/> stops at (arXiv 2206.00364, table 1, "time steps"), from which range by default.</summary>
public enum EdmDiscretization
{
    /// <summary>EDM's own: levels equally spaced in their ρ-th root; 0.002 to 80.</summary>
    Edm,

    /// <summary>Equal steps in the time of the variance preserving SDE (Song et al.); about 0.01 to 152.2.</summary>
    VariancePreserving,

    /// <summary>Geometric, of the variance exploding SDE (Song et al.); 0.02 to 100.</summary>
    VarianceExploding,

    /// <summary>Improved DDPM's cosine schedule of 1000 levels, thinned out; 0.002 to 81.</summary>
    ImprovedDdpm,
}
