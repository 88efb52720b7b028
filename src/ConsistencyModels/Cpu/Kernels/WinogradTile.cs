using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cpu.Kernels;

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
    /// <param name="ahead">Distance in floats of what will be read some tiles later: <c>TileGrid.Ahead</c>.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="output">Where the first of the (m+2)² products' inputs goes.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    /// <param name="panelStride">Distance of blocks of 16 channels in floats: 16 where a tile's channels lie side by side.</param>
    static abstract void Input(float** pixels, nint ahead, int channels, float* output, nint planeStride, nint panelStride);

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

    /// <summary>
    /// The transposed of <see cref="Output"/>, from a gradient of the outputs to one of the products: A y' Aᵀ, and the sum of y' for the bias.
    /// </summary>
    /// <param name="pixels">m² pointers to the tile's gradients, rows first; outside the image to zeros.</param>
    /// <param name="ahead">Distance in floats of what will be read some tiles later: <c>TileGrid.Ahead</c>.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="sums">For each channel what the tile's sum is added to.</param>
    /// <param name="products">Where the first product's gradient goes.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    /// <param name="panelStride">Distance of blocks of 16 channels in floats.</param>
    static abstract void OutputAdjoint(float** pixels, nint ahead, int channels, float* sums, float* products, nint planeStride, nint panelStride);

    /// <summary>The transposed of <see cref="Input"/>, from gradients of the products' inputs to those of pixels: B v' Bᵀ is added to them.</summary>
    /// <param name="inputs">The first product's gradient.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    /// <param name="panelStride">Distance of blocks of 16 channels in floats.</param>
    /// <param name="channels">A multiple of 16.</param>
    /// <param name="pixels">(m+2)² pointers to the gradients of the tile's pixels; outside the image to memory that nobody reads.</param>
    static abstract void InputAdjoint(float* inputs, nint planeStride, nint panelStride, int channels, float** pixels);

    /// <summary>The transposed of <see cref="Weight"/> for 16 filters: Gᵀ u' G.</summary>
    /// <param name="weights">(m+2)² rows of 16, <paramref name="planeStride"/> floats apart.</param>
    /// <param name="planeStride">Distance of the products in floats.</param>
    /// <param name="filter">Receives 9 rows (taps) of 16 filters.</param>
    static abstract void WeightAdjoint(float* weights, nint planeStride, float* filter);
}

/// <summary>Hints to the processor.</summary>
internal static unsafe class Cache
{
    /// <summary>Asks for the line of memory that holds a place, which will be read soon. No address is wrong.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(float* place)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(place);
        }
    }
}

/// <summary>Where a Winograd tile's outputs go and what is added to them.</summary>
internal unsafe struct WinogradTarget
{
    /// <summary>The output pixel in the tile's upper left corner.</summary>
    public float* Output;

    /// <summary>Distance of output rows and of pixels, in floats.</summary>
    public nint RowStride, PixelStride;

    /// <summary>Rows and columns of the tile inside the image.</summary>
    public int Rows, Columns;

    /// <summary>Channels, a multiple of 16.</summary>
    public int Channels;

    /// <summary>One value per channel.</summary>
    public float* Bias;

    /// <summary>A second bias, the image's own (its time embedding), or null.</summary>
    public float* ImageBias;

    /// <summary>The residual at the tile's corner, or null. May be <see cref="Output"/>.</summary>
    public float* Residual;

    /// <summary>Distance of the residual's rows and pixels.</summary>
    public nint ResidualRowStride, ResidualPixelStride;

    /// <summary>1 if the residual has half the size and each of its pixels serves 2x2 outputs, else 0.</summary>
    public int ResidualShift;

    /// <summary>The sum is multiplied by this.</summary>
    public float Scale;
}

/// <summary>The end of a Winograd output transform: residual, scale, store.</summary>
internal static unsafe class WinogradStore
{
    /// <summary>Writes one vector of one pixel; tile corners are even, so a halved residual's pixel is (row/2, column/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(T value, in WinogradTarget target, int row, int column, int channel)
        where T : unmanaged, IFloats<T>
    {
        if (target.Residual is not null)
        {
            value += T.Load(
                target.Residual
                + ((row >> target.ResidualShift) * target.ResidualRowStride)
                + ((column >> target.ResidualShift) * target.ResidualPixelStride)
                + channel);
        }

        if (target.Scale != 1)
        {
            value *= T.Create(target.Scale);
        }

        T.Store(value, target.Output + (row * target.RowStride) + (column * target.PixelStride) + channel);
    }

    /// <summary>Bias and image's bias of a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Bias<T>(in WinogradTarget target, int channel)
        where T : unmanaged, IFloats<T>
    {
        var bias = T.Load(target.Bias + channel);
        return target.ImageBias is null ? bias : bias + T.Load(target.ImageBias + channel);
    }
}

/// <summary>The weights' transform of either size, with the widest vectors there are.</summary>
internal static unsafe class WinogradWeights
{
    /// <summary><see cref="IWinogradTile.Weight"/> of F(m x m, 3 x 3).</summary>
    public static void Transform(int outputSize, float* filter, float* output, nint planeStride)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Transform<Floats512>(outputSize, filter, output, planeStride);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Transform<Floats256>(outputSize, filter, output, planeStride);
        }
        else
        {
            Transform<Floats128>(outputSize, filter, output, planeStride);
        }
    }

    private static void Transform<T>(int outputSize, float* filter, float* output, nint planeStride)
        where T : unmanaged, IFloats<T>
    {
        if (outputSize == 4)
        {
            WinogradF4<T>.Weight(filter, output, planeStride);
        }
        else
        {
            WinogradF2<T>.Weight(filter, output, planeStride);
        }
    }

    /// <summary><see cref="IWinogradTile.WeightAdjoint"/> of F(m x m, 3 x 3).</summary>
    public static void Adjoint(int outputSize, float* weights, nint planeStride, float* filter)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Adjoint<Floats512>(outputSize, weights, planeStride, filter);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Adjoint<Floats256>(outputSize, weights, planeStride, filter);
        }
        else
        {
            Adjoint<Floats128>(outputSize, weights, planeStride, filter);
        }
    }

    private static void Adjoint<T>(int outputSize, float* weights, nint planeStride, float* filter)
        where T : unmanaged, IFloats<T>
    {
        if (outputSize == 4)
        {
            WinogradF4<T>.WeightAdjoint(weights, planeStride, filter);
        }
        else
        {
            WinogradF2<T>.WeightAdjoint(weights, planeStride, filter);
        }
    }
}
