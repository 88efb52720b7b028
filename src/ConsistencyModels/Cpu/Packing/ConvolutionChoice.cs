namespace ConsistencyModels.Cpu.Packing;

/// <summary>
/// Chooses between F(2x2) and F(4x4) for a convolution, by a model of its time and a bound of its error. The choice depends on
/// the layer and the network's nominal size only, never on the batch, so that results do not.
/// </summary>
internal static class ConvolutionChoice
{
    // One thread of a machine of today. Only their ratio matters: how often a weight must be used to be worth reading.
    private const double OperationsPerSecond = 90e9;
    private const double WeightBytesPerSecond = 11e9;
    private const double CacheBytesPerSecond = 25e9;

    // F(4x4) keeps 36 numbers for 9 weights, F(2x2) 16. Below that many tiles an image, the memory is not worth it, unless it is
    // so little that caches hold it from one image to the next.
    private const int FewestTilesForF4 = 32;
    private const int FewestTilesForSmallF4 = 16;
    private const double SmallBytes = 4 << 20;

    // Twice the worst measured, with normal inputs and weights, with and without outliers.
    private const double ErrorFactorF2 = 3;
    private const double ErrorFactorF4 = 9;
    private const double LargestRelativeError = 3e-5;

    /// <summary>m of F(m x m, 3 x 3).</summary>
    public static int OutputSize(int height, int width, int inChannels, int outChannels)
    {
        var tiles = Tiles(4, height, width);
        var bytes = 36.0 * inChannels * outChannels * sizeof(float);
        return tiles >= (bytes <= SmallBytes ? FewestTilesForSmallF4 : FewestTilesForF4)
            && ErrorBound(4, inChannels) <= LargestRelativeError
            && Seconds(4, height, width, inChannels, outChannels) < Seconds(2, height, width, inChannels, outChannels)
            ? 4
            : 2;
    }

    /// <summary>
    /// Bound of an output's error relative to S = √Σ_c (|w_c|·max|x_c|)², over input channels c, with the 2-norm of the channel's
    /// filter and the largest input in the tile's window. The additions round like a random walk, hence the root; the
    /// transforms make terms larger than those of the direct sum, hence the factor. An outlier spoils its own tile only.
    /// </summary>
    public static double ErrorBound(int outputSize, int inChannels)
    {
        const double UnitRoundoff = 1.0 / (1 << 24);
        return UnitRoundoff * Math.Sqrt(Math.Max(9, inChannels)) * (outputSize == 4 ? ErrorFactorF4 : ErrorFactorF2);
    }

    private static double Seconds(int m, int height, int width, int inChannels, int outChannels)
    {
        var products = (m + 2.0) * (m + 2);
        var tiles = Tiles(m, height, width);
        var arithmetic = 2 * products * tiles * inChannels * outChannels / OperationsPerSecond;
        var weights = products * inChannels * outChannels * sizeof(float) / WeightBytesPerSecond;
        var transforms = 2 * products * tiles * (inChannels + outChannels) * sizeof(float) / CacheBytesPerSecond;
        return Math.Max(arithmetic, weights) + transforms;
    }

    private static double Tiles(int m, int height, int width) => (double)((height + m - 1) / m) * ((width + m - 1) / m);
}
