namespace ConsistencyModels.Cpu;

/// <summary>
/// Winograd's minimal filtering F(m x m, 3 x 3): Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for each tile of m x m outputs, with d the
/// (m+2) x (m+2) inputs around it (A. Lavin, S. Gray, arXiv 1509.09308). Summed over input channels, each of the
/// (m+2)² products is a matrix product over tiles and channels, with (m+2)²/m² multiplications an output instead of 9.
/// </summary>
internal unsafe interface IWinogradTile
{
    /// <summary>m.</summary>
    static abstract int OutputSize { get; }

    /// <summary>Bᵀ d B of one tile, for every channel.</summary>
    /// <param name="pixels">(m+2)² pointers to the tile's pixels, rows first; outside the image to zeros.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="output">Where the first of the (m+2)² products' inputs goes.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    static abstract void Input(float** pixels, int channels, float* output, nint planeStride);

    /// <summary>Aᵀ M A of one tile for every channel, plus bias and residual, times scale.</summary>
    /// <param name="products">The first of the (m+2)² products.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    /// <param name="target">Where and with what the results are written.</param>
    static abstract void Output(float* products, nint planeStride, in WinogradTarget target);

    /// <summary>G g Gᵀ of 16 filters at once.</summary>
    /// <param name="filter">9 rows (taps) of 16 filters.</param>
    /// <param name="output">(m+2)² rows of 16, <paramref name="planeStride"/> floats apart.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    static abstract void Weight(float* filter, float* output, nint planeStride);
}
