using System.Numerics.Tensors;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Threading;

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
    public override void Pack(WeightReader reader, ParallelRunner parallel)
    {
        reader.Read(parameter, values => parallel.For(Panels, panel => PackPanel(values, panel)));
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
