using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// softmax(Q·Kᵀ·scale)·V for a block of queries of one head, without ever holding all scores: keys come in tiles, and the
/// running maximum m, sum l and output o of each query are corrected when a tile raises the maximum,
/// o ← o·e^(scale·(m - m')) + Σ e^(scale·(s - m'))·v (online softmax, M. Milakov, N. Gimelshein, arXiv 1805.02867).
/// Both products run on <see cref="Gemm"/>'s tiles, so keys and values are packed in panels first.
/// </summary>
internal static unsafe class AttentionKernel
{
    /// <summary>Queries of a block: a multiple of every tile's rows.</summary>
    public const int QueryBlock = 48;

    /// <summary>Keys of a tile: the scores of a block take 48 KB.</summary>
    public const int KeyTile = 256;

    /// <summary>Floats of scratch that <see cref="Attend"/> needs for heads of that many channels.</summary>
    public static long ScratchFloats(int headDim) => (QueryBlock * (long)KeyTile) + (QueryBlock * (long)Padded(headDim)) + (2 * QueryBlock);

    /// <summary>Packs the keys of one head: panels of 16 keys, a row of them for each channel; missing keys are zeros.</summary>
    public static void PackKeys(float* keys, nint stride, int tokens, int headDim, float* packed)
    {
        var columns = stackalloc float*[Gemm.PanelWidth];
        for (var first = 0; first < Padded(tokens); first += Gemm.PanelWidth)
        {
            for (var key = 0; key < Gemm.PanelWidth; key++)
            {
                columns[key] = first + key < tokens ? keys + ((first + key) * stride) : null;
            }

            PanelRows.Transpose(columns, headDim, packed);
            packed += headDim * Gemm.PanelWidth;
        }
    }

    /// <summary>Packs the values of one head: panels of 16 channels, a row of them for each key; missing ones are zeros.</summary>
    public static void PackValues(float* values, nint stride, int tokens, int headDim, float* packed)
    {
        for (var first = 0; first < headDim; first += Gemm.PanelWidth)
        {
            var count = Math.Min(Gemm.PanelWidth, headDim - first);
            for (var key = 0; key < Padded(tokens); key++)
            {
                var row = new Span<float>(packed, Gemm.PanelWidth);
                var used = key < tokens ? count : 0;
                new ReadOnlySpan<float>(values + (key * stride) + first, used).CopyTo(row);
                row[used..].Clear();
                packed += Gemm.PanelWidth;
            }
        }
    }

    /// <summary>Attends with a block of queries to all keys.</summary>
    /// <param name="queries">First query.</param>
    /// <param name="queryStride">Distance of queries.</param>
    /// <param name="count">Queries, at most <see cref="QueryBlock"/>.</param>
    /// <param name="keys">From <see cref="PackKeys"/>.</param>
    /// <param name="values">From <see cref="PackValues"/>.</param>
    /// <param name="tokens">Keys.</param>
    /// <param name="headDim">Channels.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="output">First query's result: headDim floats.</param>
    /// <param name="outputStride">Distance of results.</param>
    /// <param name="scratch">Of <see cref="ScratchFloats"/>.</param>
    public static void Attend(
        float* queries, nint queryStride, int count, float* keys, float* values, int tokens, int headDim, float scale,
        float* output, nint outputStride, float* scratch)
    {
        var padded = Padded(tokens);
        var width = Padded(headDim);
        var scores = scratch;
        var sums = scratch + (QueryBlock * KeyTile);
        var maxima = sums + (QueryBlock * width);
        var totals = maxima + QueryBlock;
        for (var row = 0; row < count; row++)
        {
            maxima[row] = float.NegativeInfinity;
            totals[row] = 0;
        }

        for (var first = 0; first < padded; first += KeyTile)
        {
            var tile = Math.Min(KeyTile, padded - first);
            Gemm.Multiply(
                queries, queryStride, keys + ((nint)first * headDim), (nint)headDim * Gemm.PanelWidth, scores, KeyTile,
                count, headDim, tile / Gemm.PanelWidth, accumulate: false);
            for (var row = 0; row < count; row++)
            {
                var s = scores + (row * KeyTile);
                for (var key = tokens - first; key < tile; key++)
                {
                    s[key] = float.NegativeInfinity;
                }

                var correction = Softmax(s, tile, scale, ref maxima[row], ref totals[row]);
                if (first > 0 && correction != 1)
                {
                    Scale(sums + (row * width), width, correction);
                }
            }

            Gemm.Multiply(
                scores, KeyTile, values + (first * Gemm.PanelWidth), (nint)padded * Gemm.PanelWidth, sums, width,
                count, tile, width / Gemm.PanelWidth, accumulate: first > 0);
        }

        for (var row = 0; row < count; row++)
        {
            Scale(sums + (row * width), width, 1 / totals[row]);
            new ReadOnlySpan<float>(sums + (row * width), headDim).CopyTo(new Span<float>(output + (row * outputStride), headDim));
        }
    }

    private static int Padded(int n) => (n + Gemm.PanelWidth - 1) / Gemm.PanelWidth * Gemm.PanelWidth;

    /// <summary>Turns scores into weights, updates the maximum and the sum; returns the factor of what was summed before.</summary>
    internal static float Softmax(float* scores, int count, float scale, ref float maximum, ref float total)
    {
        return Vector512.IsHardwareAccelerated ? Softmax<Floats512>(scores, count, scale, ref maximum, ref total)
            : Vector256.IsHardwareAccelerated ? Softmax<Floats256>(scores, count, scale, ref maximum, ref total)
            : Softmax<Floats128>(scores, count, scale, ref maximum, ref total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Softmax<T>(float* scores, int count, float scale, ref float maximum, ref float total)
        where T : unmanaged, IFloats<T>
    {
        var largest = T.Load(scores);
        for (var i = T.Count; i < count; i += T.Count)
        {
            largest = T.Max(largest, T.Load(scores + i));
        }

        var before = maximum;
        maximum = Math.Max(maximum, T.Largest(largest));
        var shift = T.Create(-maximum * scale);
        var factor = T.Create(scale);
        var sum = T.Create(0);
        for (var i = 0; i < count; i += T.Count)
        {
            var weight = VectorMath.Exp(T.MultiplyAdd(T.Load(scores + i), factor, shift));
            T.Store(weight, scores + i);
            sum += weight;
        }

        var correction = MathF.Exp((before - maximum) * scale);
        total = (total * correction) + T.Sum(sum);
        return correction;
    }

    /// <summary>x ← factor·x.</summary>
    internal static void Scale(float* x, int count, float factor)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Scale<Floats512>(x, count, factor);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Scale<Floats256>(x, count, factor);
        }
        else
        {
            Scale<Floats128>(x, count, factor);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale<T>(float* x, int count, float factor)
        where T : unmanaged, IFloats<T>
    {
        var f = T.Create(factor);
        for (var i = 0; i < count; i += T.Count)
        {
            T.Store(T.Load(x + i) * f, x + i);
        }
    }
}
