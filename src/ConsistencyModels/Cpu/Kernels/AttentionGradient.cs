using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The gradients of softmax(Q·Kᵀ·scale)·V for one head of one image. Queries come in blocks, whose weights P are computed again; all scores
/// are never there at once. With O' the gradient of the result: V' = Pᵀ·O', P' = O'·Vᵀ, S' = scale·P·(P' - ΣP·P'), Q' = S'·K, K' = S'ᵀ·Q.
/// </summary>
internal static unsafe class AttentionGradient
{
    private const int Width = Gemm.PanelWidth;

    /// <summary>Queries of a block.</summary>
    public const int QueryBlock = AttentionKernel.QueryBlock;

    /// <summary>Floats of scratch that <see cref="Run"/> needs.</summary>
    public static long ScratchFloats(int tokens, int headDim)
    {
        long keys = Padded(tokens), width = Padded(headDim);
        return (5 * keys * width) + (2 * QueryBlock * keys) + (3 * QueryBlock * width);
    }

    /// <summary>Computes the gradients of a head's queries, keys and values.</summary>
    /// <param name="forward">Queries, keys and values: each the first token's.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="headDim">Channels.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="result">The result's gradient.</param>
    /// <param name="resultStride">Distance of its tokens.</param>
    /// <param name="gradient">Receives the gradients; as <paramref name="forward"/>.</param>
    /// <param name="scratch">Of <see cref="ScratchFloats"/>.</param>
    public static void Run(
        in HeadPlaces forward, int tokens, int headDim, float scale, float* result, nint resultStride, in HeadPlaces gradient, float* scratch)
    {
        int keys = Padded(tokens), width = Padded(headDim);
        var size = (nint)keys * width;
        float* keyPanels = scratch, valuePanels = keyPanels + size, keyRows = valuePanels + size;
        float* keyGradient = keyRows + size, valueGradient = keyGradient + size;
        float* weights = valueGradient + size, slopes = weights + (QueryBlock * (nint)keys);
        float* queries = slopes + (QueryBlock * (nint)keys), results = queries + (QueryBlock * width), rows = results + (QueryBlock * width);
        AttentionKernel.PackKeys(forward.Key, forward.Stride, tokens, headDim, keyPanels);
        AttentionKernel.PackKeys(forward.Value, forward.Stride, tokens, headDim, valuePanels);
        AttentionKernel.PackValues(forward.Key, forward.Stride, tokens, headDim, keyRows);
        for (var first = 0; first < tokens; first += QueryBlock)
        {
            var count = Math.Min(QueryBlock, tokens - first);
            CopyRows(forward.Query + (first * forward.Stride), forward.Stride, queries, width, count, headDim);
            CopyRows(result + (first * resultStride), resultStride, results, width, count, headDim);
            Gemm.Multiply(queries, width, keyPanels, (nint)headDim * Width, weights, keys, count, headDim, keys / Width, accumulate: false);
            Softmax(weights, keys, count, tokens, scale);
            Gemm.Multiply(results, width, valuePanels, (nint)headDim * Width, slopes, keys, count, headDim, keys / Width, accumulate: false);
            Down(weights, keys, results, width, valueGradient, count, first > 0);
            for (var row = 0; row < count; row++)
            {
                Slope(weights + (row * (nint)keys), slopes + (row * (nint)keys), keys, scale);
            }

            Gemm.Multiply(slopes, keys, keyRows, (nint)keys * Width, rows, width, count, keys, width / Width, accumulate: false);
            CopyRows(rows, width, gradient.Query + (first * gradient.Stride), gradient.Stride, count, headDim, headDim);
            Down(slopes, keys, queries, width, keyGradient, count, first > 0);
        }

        FromPanels(keyGradient, keys, gradient.Key, gradient.Stride, tokens, headDim);
        FromPanels(valueGradient, keys, gradient.Value, gradient.Stride, tokens, headDim);
    }

    private static int Padded(int n) => (n + Width - 1) / Width * Width;

    private static void Down(float* left, int keys, float* right, int width, float* panels, int count, bool accumulate) => PanelGemm.Transposed(
        new(left, Width, keys), new(right, Width, width), new(panels, (nint)keys * Width, Width * Width), keys, count, width / Width, accumulate);

    private static void Softmax(float* weights, int keys, int count, int tokens, float scale)
    {
        for (var row = 0; row < count; row++, weights += keys)
        {
            new Span<float>(weights + tokens, keys - tokens).Fill(float.NegativeInfinity);
            var (maximum, total) = (float.NegativeInfinity, 0f);
            AttentionKernel.Softmax(weights, keys, scale, ref maximum, ref total);
            AttentionKernel.Scale(weights, keys, 1 / total);
        }
    }

    private static void CopyRows(float* source, nint sourceStride, float* target, nint targetStride, int count, int length, int padded = 0)
    {
        for (var row = 0; row < count; row++)
        {
            var to = new Span<float>(target + (row * targetStride), padded == 0 ? (int)targetStride : padded);
            new ReadOnlySpan<float>(source + (row * sourceStride), length).CopyTo(to);
            to[length..].Clear();
        }
    }

    private static void FromPanels(float* panels, int keys, float* target, nint stride, int tokens, int headDim)
    {
        for (var channel = 0; channel < headDim; channel += Width)
        {
            var count = Math.Min(Width, headDim - channel);
            for (var token = 0; token < tokens; token++)
            {
                new ReadOnlySpan<float>(panels + (((nint)channel * keys) + (token * Width)), count).CopyTo(new Span<float>(target + (token * stride) + channel, count));
            }
        }
    }

    private static void Slope(float* weights, float* slopes, int keys, float scale)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Slope<Floats512>(weights, slopes, keys, scale);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Slope<Floats256>(weights, slopes, keys, scale);
        }
        else
        {
            Slope<Floats128>(weights, slopes, keys, scale);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Slope<T>(float* weights, float* slopes, int keys, float scale)
        where T : unmanaged, IFloats<T>
    {
        var sum = T.Create(0);
        for (var i = 0; i < keys; i += T.Count)
        {
            sum = T.MultiplyAdd(T.Load(weights + i), T.Load(slopes + i), sum);
        }

        T total = T.Create(T.Sum(sum)), factor = T.Create(scale);
        for (var i = 0; i < keys; i += T.Count)
        {
            T.Store(factor * T.Load(weights + i) * (T.Load(slopes + i) - total), slopes + i);
        }
    }
}

/// <summary>Where a head's queries, keys and values of the first token are, and how far the next token's.</summary>
internal unsafe struct HeadPlaces
{
    /// <summary>Of the first token.</summary>
    public float* Query, Key, Value;

    /// <summary>From token to token.</summary>
    public nint Stride;
}
