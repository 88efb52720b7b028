using System.IO.Hashing;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>The right side of a matrix product in <see cref="Gemm"/>'s panels, from one parameter or several side by side.</summary>
/// <param name="parts">Columns from left to right; each part is padded to whole panels.</param>
/// <param name="depth">Where row k of the panels lies in a parameter, relative to the column's place; -1 for zeros.</param>
/// <param name="half">Keep half precision.</param>
internal sealed unsafe class PackedMatrix(IReadOnlyList<PackedMatrix.Part> parts, int[] depth, bool half) : PackedTensor
{
    /// <summary>Some columns.</summary>
    /// <param name="Parameter">The parameter's name.</param>
    /// <param name="Columns">Where each column starts in the parameter, -1 for zeros.</param>
    internal sealed record Part(string Parameter, long[] Columns)
    {
        public int Panels => (Columns.Length + Gemm.PanelWidth - 1) / Gemm.PanelWidth;
    }

    /// <summary>Rows: the depth of the product.</summary>
    public int Depth => depth.Length;

    /// <summary>Panels of 16 columns.</summary>
    public int Panels { get; } = parts.Sum(part => part.Panels);

    /// <inheritdoc/>
    public override long Bytes => (long)Panels * Depth * Gemm.PanelWidth * (half ? 2 : sizeof(float));

    /// <inheritdoc/>
    public override string Layout =>
        $"matrix {half} {Digest<int>(depth)}: {string.Join("; ", parts.Select(part => $"{part.Parameter} {part.Columns.Length} {Digest<long>(part.Columns)}"))}";

    /// <summary>C[rows x 16·panels] (+)= A·(these panels), over a range of the depth.</summary>
    /// <param name="a">A's first column of the range.</param>
    /// <param name="lda">Distance of A's rows.</param>
    /// <param name="firstDepth">Start of the range.</param>
    /// <param name="k">Length of the range.</param>
    /// <param name="firstPanel">First panel; <paramref name="c"/> is its column.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="c">Result.</param>
    /// <param name="ldc">Distance of its rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="accumulate">Add to what C holds.</param>
    public void Multiply(
        float* a, nint lda, int firstDepth, int k, int firstPanel, int panels, float* c, nint ldc, int rows, bool accumulate)
    {
        var stride = (nint)Depth * Gemm.PanelWidth;
        var start = (firstPanel * stride) + (firstDepth * Gemm.PanelWidth);
        if (half)
        {
            Gemm.Multiply(a, lda, (Half*)Pointer + start, stride, c, ldc, rows, k, panels, accumulate);
        }
        else
        {
            Gemm.Multiply(a, lda, (float*)Pointer + start, stride, c, ldc, rows, k, panels, accumulate);
        }
    }

    /// <inheritdoc/>
    public override void Pack(WeightReader reader, ParallelRunner parallel)
    {
        var first = 0;
        foreach (var part in parts)
        {
            var firstPanel = first;
            reader.Read(part.Parameter, values => parallel.For(part.Panels, panel => PackPanel(values, part, panel, firstPanel + panel)));
            first += part.Panels;
        }
    }

    private void PackPanel(WeightView values, Part part, int panel, int target)
    {
        const int Longest = 64; // rows at once
        var widened = stackalloc float[Gemm.PanelWidth * Longest];
        var rows = stackalloc float[Longest * Gemm.PanelWidth];
        var columns = stackalloc float*[Gemm.PanelWidth];
        for (var k = 0; k < depth.Length;)
        {
            var length = 1;
            while (length < Longest && k + length < depth.Length && Follows(depth[k], depth[k + length], length))
            {
                length++;
            }

            for (var i = 0; i < Gemm.PanelWidth; i++)
            {
                var column = (panel * Gemm.PanelWidth) + i;
                var start = column < part.Columns.Length ? part.Columns[column] : -1;
                columns[i] = start < 0 || depth[k] < 0 ? null : values.Floats(start + depth[k], length, widened + (i * Longest));
            }

            var place = (((long)target * Depth) + k) * Gemm.PanelWidth;
            PanelRows.Transpose(columns, length, half ? rows : (float*)Pointer + place);
            if (half)
            {
                TensorPrimitives.ConvertToHalf(
                    new ReadOnlySpan<float>(rows, length * Gemm.PanelWidth), new Span<Half>((Half*)Pointer + place, length * Gemm.PanelWidth));
            }

            k += length;
        }
    }

    private static ulong Digest<T>(ReadOnlySpan<T> places)
        where T : unmanaged => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(places));

    private static bool Follows(int first, int later, int distance) => first < 0 ? later < 0 : later == first + distance;
}
