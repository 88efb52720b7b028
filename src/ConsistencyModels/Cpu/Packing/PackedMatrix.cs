using System.IO.Hashing;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>Weights in the order in which a kernel reads them, somewhere in the network's one block of packed memory.</summary>
internal abstract unsafe class PackedTensor
{
    /// <summary>Size in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>What its bytes depend on beside the parameters' values, as text.</summary>
    public abstract string Layout { get; }

    /// <summary>Where it lies in the block.</summary>
    public long Offset { get; set; }

    /// <summary>Its memory, once the block exists.</summary>
    public byte* Pointer { get; set; }

    /// <summary>The parameters it is made of, in the order of its parts.</summary>
    public abstract IReadOnlyList<string> Parameters { get; }

    /// <summary>How many chunks a part is packed in.</summary>
    public abstract int ChunksOf(int part);

    /// <summary>Packs a chunk of a part. Chunks may be packed at once.</summary>
    /// <param name="part">Which of <see cref="Parameters"/>.</param>
    /// <param name="values">The parameter's values.</param>
    /// <param name="chunk">Below <see cref="ChunksOf"/>.</param>
    public abstract void PackChunk(int part, WeightView values, int chunk);

    /// <summary>Fills it from a checkpoint.</summary>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="parallel">Runs chunks on the pool's threads.</param>
    public void Pack(WeightReader reader, ParallelRunner parallel)
    {
        for (var i = 0; i < Parameters.Count; i++)
        {
            var part = i;
            reader.Read(Parameters[part], values => parallel.For(ChunksOf(part), chunk => PackChunk(part, values, chunk)));
        }
    }
}

/// <summary>Biases or factors of channels, one after another from several parameters; padding holds zeros.</summary>
internal sealed unsafe class PackedVector(IReadOnlyList<(string Parameter, ChannelLayout Layout)> parts) : PackedTensor
{
    /// <summary>Number of values.</summary>
    public int Length { get; } = parts.Sum(part => part.Layout.Padded);

    /// <inheritdoc/>
    public override long Bytes => Length * sizeof(float);

    /// <inheritdoc/>
    public override string Layout =>
        $"vector {string.Join("; ", parts.Select(part => $"{part.Parameter} {part.Layout}"))}";

    /// <summary>The values.</summary>
    public float* Values => (float*)Pointer;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters { get; } = [.. parts.Select(part => part.Parameter)];

    /// <inheritdoc/>
    public override int ChunksOf(int part) => 1;

    /// <inheritdoc/>
    public override void PackChunk(int part, WeightView values, int chunk)
    {
        var target = Values + OffsetOf(part);
        var logical = parts[part].Layout.Logical;
        float wide;
        for (var i = 0; i < logical.Length; i++)
        {
            target[i] = logical[i] < 0 ? 0 : *values.Floats(logical[i], 1, &wide);
        }
    }

    /// <summary>The way back of packing: adds a gradient to those of the parameters.</summary>
    public void Unpack(float* gradient, FlatGradients target)
    {
        for (var part = 0; part < parts.Count; part++)
        {
            var values = gradient + OffsetOf(part);
            var to = target.Of(parts[part].Parameter);
            var logical = parts[part].Layout.Logical;
            for (var i = 0; i < logical.Length; i++)
            {
                if (logical[i] >= 0)
                {
                    to[logical[i]] += values[i];
                }
            }
        }
    }

    private int OffsetOf(int part)
    {
        var offset = 0;
        for (var i = 0; i < part; i++)
        {
            offset += parts[i].Layout.Padded;
        }

        return offset;
    }
}

/// <summary>An embedding: rows of values, each padded with zeros.</summary>
internal sealed unsafe class PackedTable(string parameter, int rows, ChannelLayout layout) : PackedTensor
{
    /// <inheritdoc/>
    public override long Bytes => (long)rows * layout.Padded * sizeof(float);

    /// <inheritdoc/>
    public override string Layout => $"table {parameter} {rows} {layout}";

    /// <summary>One row.</summary>
    public float* Row(int index) => (float*)Pointer + ((long)index * layout.Padded);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters { get; } = [parameter];

    /// <inheritdoc/>
    public override int ChunksOf(int part) => 1;

    /// <inheritdoc/>
    public override void PackChunk(int part, WeightView values, int chunk)
    {
        for (var row = 0; row < rows; row++)
        {
            var target = new Span<float>(Row(row), layout.Padded);
            values.CopyTo((long)row * layout.Channels, target[..layout.Channels]);
            target[layout.Channels..].Clear();
        }
    }

    /// <summary>The way back of packing for one row: adds a gradient to that of the parameter.</summary>
    public void Unpack(int row, float* gradient, FlatGradients target)
    {
        var to = target.Of(parameter) + ((long)row * layout.Channels);
        for (var i = 0; i < layout.Channels; i++)
        {
            to[i] += gradient[layout.Places[i]];
        }
    }
}

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
    public override IReadOnlyList<string> Parameters { get; } = [.. parts.Select(part => part.Parameter)];

    /// <inheritdoc/>
    public override int ChunksOf(int part) => parts[part].Panels;

    /// <inheritdoc/>
    public override void PackChunk(int part, WeightView values, int chunk)
    {
        var firstPanel = 0;
        for (var i = 0; i < part; i++)
        {
            firstPanel += parts[i].Panels;
        }

        PackPanel(values, parts[part], chunk, firstPanel + chunk);
    }

    /// <summary>The matrix turned, as the right side for gradients: a panel of 16 of the depth, a row of them for each column.</summary>
    /// <param name="panel">Panel of the depth, which must be a multiple of 16.</param>
    /// <param name="target">Receives 16·<see cref="Panels"/> rows of 16.</param>
    public void Turn(int panel, float* target)
    {
        var source = (float*)Pointer + (panel * Gemm.PanelWidth * Gemm.PanelWidth);
        for (var columns = 0; columns < Panels; columns++)
        {
            PanelRows.Turn(source, target);
            source += (nint)Depth * Gemm.PanelWidth;
            target += Gemm.PanelWidth * Gemm.PanelWidth;
        }
    }

    /// <summary>The product of a row of single precision with as many values as there are columns.</summary>
    /// <param name="row">Below <see cref="Depth"/>.</param>
    /// <param name="values">16·<see cref="Panels"/> values.</param>
    public float Dot(int row, float* values)
    {
        var sum = 0f;
        for (var panel = 0; panel < Panels; panel++)
        {
            sum += ElementKernel.Dot((float*)Pointer + ((((nint)panel * Depth) + row) * Gemm.PanelWidth), values + (panel * Gemm.PanelWidth));
        }

        return sum;
    }

    /// <summary>The way back of packing: adds the gradient of some rows of a panel to those of the parameters.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="firstRow">First of the rows.</param>
    /// <param name="rows">How many; those beyond the depth are left out.</param>
    /// <param name="gradient">Rows of 16.</param>
    /// <param name="target">The parameters' gradients.</param>
    public void Unpack(int panel, int firstRow, int rows, float* gradient, FlatGradients target)
    {
        var (part, own) = (0, panel);
        while (own >= parts[part].Panels)
        {
            own -= parts[part++].Panels;
        }

        var to = target.Of(parts[part].Parameter);
        var starts = parts[part].Columns;
        var columns = stackalloc float*[Gemm.PanelWidth];
        var end = Math.Min(depth.Length, firstRow + rows);
        for (var k = firstRow; k < end;)
        {
            var length = 1;
            while (k + length < end && Follows(depth[k], depth[k + length], length))
            {
                length++;
            }

            for (var i = 0; i < Gemm.PanelWidth; i++)
            {
                var column = (own * Gemm.PanelWidth) + i;
                var start = column < starts.Length ? starts[column] : -1;
                columns[i] = start < 0 || depth[k] < 0 ? null : to + start + depth[k];
            }

            PanelRows.AddTransposed(gradient + ((k - firstRow) * Gemm.PanelWidth), length, columns);
            k += length;
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
