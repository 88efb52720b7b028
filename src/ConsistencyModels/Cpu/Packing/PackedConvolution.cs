using System.Numerics.Tensors;
using ConsistencyModels.Cpu.Kernels;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>
/// The weights of a 3x3 convolution in Winograd's domain: (m+2)² matrices, one a product, each in <see cref="Gemm"/>'s panels.
/// </summary>
/// <param name="parameter">Name of the weight, [out, in, 3, 3].</param>
/// <param name="input">Layout of the input channels.</param>
/// <param name="outChannels">Output channels.</param>
/// <param name="outputSize">m: 2 or 4.</param>
/// <param name="half">Keep half precision.</param>
internal sealed unsafe class PackedConvolution(string parameter, ChannelLayout input, int outChannels, int outputSize, bool half)
    : PackedTensor
{
    private const int Taps = 9;

    // The products' matrices are written side by side: a multiple of 4 KB apart, they would compete for the same cache lines.
    private const int PlaneStagger = 16;

    /// <summary>m of F(m x m, 3 x 3).</summary>
    public int OutputSize => outputSize;

    /// <summary>(m+2)².</summary>
    public int Products => (outputSize + 2) * (outputSize + 2);

    /// <summary>Input channels in memory.</summary>
    public int Depth => input.Padded;

    /// <summary>Panels of 16 output channels.</summary>
    public int Panels => ChannelLayout.Pad(outChannels) / Gemm.PanelWidth;

    /// <inheritdoc/>
    public override long Bytes => PlaneStride * Products * (half ? 2 : sizeof(float));

    /// <inheritdoc/>
    public override string Layout => $"F({outputSize}) {parameter} {outChannels} {half} {input}";

    private long PlaneStride => ((long)Panels * Depth * Gemm.PanelWidth) + PlaneStagger;

    /// <summary>One of the products, for some of the panels: C[rows x 16·panels] = A·U.</summary>
    public void Multiply(int product, float* a, nint lda, int firstPanel, int panels, float* c, nint ldc, int rows)
    {
        var stride = (nint)Depth * Gemm.PanelWidth;
        var start = (product * PlaneStride) + (firstPanel * stride);
        if (half)
        {
            Gemm.Multiply(a, lda, (Half*)Pointer + start, stride, c, ldc, rows, Depth, panels, accumulate: false);
        }
        else
        {
            Gemm.Multiply(a, lda, (float*)Pointer + start, stride, c, ldc, rows, Depth, panels, accumulate: false);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters { get; } = [parameter];

    /// <inheritdoc/>
    public override int ChunksOf(int part) => Panels;

    /// <inheritdoc/>
    public override void PackChunk(int part, WeightView values, int chunk)
    {
        PackPanel(values, chunk);
        if (chunk == 0)
        {
            ClearGaps();
        }
    }

    /// <summary>The product's matrix turned, as the right side for gradients: a panel of 16 inputs, a row of them for each output.</summary>
    /// <param name="product">Which product.</param>
    /// <param name="panel">Panel of input channels.</param>
    /// <param name="target">Receives 16·<see cref="Panels"/> rows of 16.</param>
    public void Turn(int product, int panel, float* target)
    {
        var source = (float*)Pointer + (product * PlaneStride) + (panel * Gemm.PanelWidth * Gemm.PanelWidth);
        for (var outputs = 0; outputs < Panels; outputs++)
        {
            PanelRows.Turn(source, target);
            source += (nint)Depth * Gemm.PanelWidth;
            target += Gemm.PanelWidth * Gemm.PanelWidth;
        }
    }

    /// <summary>The way back of packing for a block of 16 outputs and 16 inputs in memory: adds its gradient to the parameter's.</summary>
    /// <param name="panel">Panel of output channels.</param>
    /// <param name="block">Block of input channels.</param>
    /// <param name="gradient">For each product 16 rows, one an input, of 16 outputs.</param>
    /// <param name="target">The parameters' gradients.</param>
    public void Unpack(int panel, int block, float* gradient, FlatGradients target)
    {
        const int Block = Gemm.PanelWidth;
        var filters = stackalloc float[Block * Taps * Gemm.PanelWidth];
        var columns = stackalloc float*[Gemm.PanelWidth];
        var logical = input.Logical.Slice(block * Block, Block);
        var channels = logical.IndexOf(-1) is >= 0 and var padding ? padding : Block;
        for (var i = 0; i < channels; i++)
        {
            WinogradWeights.Adjoint(outputSize, gradient + (i * Gemm.PanelWidth), Block * Gemm.PanelWidth, filters + (i * Taps * Gemm.PanelWidth));
        }

        var to = target.Of(parameter);
        for (var i = 0; i < Gemm.PanelWidth; i++)
        {
            var filter = (panel * Gemm.PanelWidth) + i;
            columns[i] = filter < outChannels && channels > 0 ? to + ((((long)filter * input.Channels) + logical[0]) * Taps) : null;
        }

        PanelRows.AddTransposed(filters, channels * Taps, columns);
    }

    private void ClearGaps()
    {
        var size = half ? sizeof(Half) : sizeof(float);
        for (var product = 1; product <= Products; product++)
        {
            new Span<byte>(Pointer + (((product * PlaneStride) - PlaneStagger) * size), PlaneStagger * size).Clear();
        }
    }

    private void PackPanel(WeightView values, int panel)
    {
        // A block of 16 channels in memory is of one segment: some channels that follow each other, then padding.
        const int Block = Gemm.PanelWidth;
        var widened = stackalloc float[Gemm.PanelWidth * Block * Taps];
        var filters = stackalloc float[Block * Taps * Gemm.PanelWidth];
        var products = stackalloc float[half ? 36 * Block * Gemm.PanelWidth : 1];
        var columns = stackalloc float*[Gemm.PanelWidth];
        var logical = input.Logical;
        for (var k = 0; k < logical.Length; k += Block)
        {
            var channels = logical.Slice(k, Block).IndexOf(-1) is >= 0 and var padding ? padding : Block;
            for (var i = 0; i < Gemm.PanelWidth; i++)
            {
                var filter = (panel * Gemm.PanelWidth) + i;
                columns[i] = filter < outChannels
                    ? values.Floats((((long)filter * input.Channels) + logical[k]) * Taps, channels * Taps, widened + (i * Block * Taps))
                    : null;
            }

            PanelRows.Transpose(columns, channels * Taps, filters);
            new Span<float>(filters + (channels * Taps * Gemm.PanelWidth), (Block - channels) * Taps * Gemm.PanelWidth).Clear();
            var place = ((panel * (long)Depth) + k) * Gemm.PanelWidth;
            if (half)
            {
                Transform(filters, products, Block * Gemm.PanelWidth);
                for (var product = 0; product < Products; product++)
                {
                    TensorPrimitives.ConvertToHalf(
                        new ReadOnlySpan<float>(products + (product * Block * Gemm.PanelWidth), Block * Gemm.PanelWidth),
                        new Span<Half>((Half*)Pointer + (product * PlaneStride) + place, Block * Gemm.PanelWidth));
                }
            }
            else
            {
                Transform(filters, (float*)Pointer + place, (nint)PlaneStride);
            }
        }
    }

    private void Transform(float* filters, float* target, nint planeStride)
    {
        for (var k = 0; k < Gemm.PanelWidth; k++)
        {
            WinogradWeights.Transform(outputSize, filters, target, planeStride);

            filters += Taps * Gemm.PanelWidth;
            target += Gemm.PanelWidth;
        }
    }
}

/// <summary>
/// Chooses between F(2x2) and F(4x4) for a convolution, by a model of its time and a bound of its error. For drawing the choice depends on
/// the layer and the network's nominal size only, never on the batch, so that results do not; in training large batches have their own.
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
    /// <param name="height">Rows of an image.</param>
    /// <param name="width">Columns of an image.</param>
    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="images">Images that a weight is read for at once.</param>
    public static int OutputSize(int height, int width, int inChannels, int outChannels, int images = 1)
    {
        var tiles = images * Tiles(4, height, width);
        var bytes = 36.0 * inChannels * outChannels * sizeof(float);
        return tiles >= (bytes <= SmallBytes ? FewestTilesForSmallF4 : FewestTilesForF4)
            && ErrorBound(4, inChannels) <= LargestRelativeError
            && Seconds(4, tiles, inChannels, outChannels) < Seconds(2, images * Tiles(2, height, width), inChannels, outChannels)
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

    private static double Seconds(int m, double tiles, int inChannels, int outChannels)
    {
        var products = (m + 2.0) * (m + 2);
        var arithmetic = 2 * products * tiles * inChannels * outChannels / OperationsPerSecond;
        var weights = products * inChannels * outChannels * sizeof(float) / WeightBytesPerSecond;
        var transforms = 2 * products * tiles * (inChannels + outChannels) * sizeof(float) / CacheBytesPerSecond;
        return Math.Max(arithmetic, weights) + transforms;
    }

    private static double Tiles(int m, int height, int width) => (double)((height + m - 1) / m) * ((width + m - 1) / m);
}
