using System.Runtime.Intrinsics;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>Plans 3x3 convolutions by Winograd's algorithm, of either size and with the widest vectors there are.</summary>
internal static class WinogradStep
{
    /// <summary>The step for a convolution.</summary>
    /// <param name="spec">The convolution.</param>
    /// <param name="batch">Images.</param>
    /// <param name="threads">Threads that may take part.</param>
    /// <param name="cut">How it is cut in chunks; default: <see cref="WinogradCut.Choose"/>.</param>
    public static Step Plan(ConvolutionSpec spec, int batch, int threads, WinogradCut? cut = null) =>
        Vector512.IsHardwareAccelerated ? Plan<Floats512>(spec, batch, threads, cut)
        : Vector256.IsHardwareAccelerated ? Plan<Floats256>(spec, batch, threads, cut)
        : Plan<Floats128>(spec, batch, threads, cut);

    private static Step Plan<T>(ConvolutionSpec spec, int batch, int threads, WinogradCut? cut)
        where T : unmanaged, IFloats<T> =>
        spec.Weights.OutputSize == 4 ? PlanTiles<WinogradF4<T>>(spec, batch, threads, cut) : PlanTiles<WinogradF2<T>>(spec, batch, threads, cut);

    private static Step PlanTiles<TTile>(ConvolutionSpec spec, int batch, int threads, WinogradCut? given)
        where TTile : struct, IWinogradTile
    {
        var layer = new WinogradLayer<TTile>(spec, batch);
        var cut = given ?? WinogradCut.Choose(layer.Planes, layer.Tiles, spec.Input.Stride, layer.Panels, threads);
        return cut.ByTiles ? new WinogradByTiles<TTile>(layer, cut) : new WinogradByChannels<TTile>(layer, cut);
    }
}

/// <summary>A 3x3 convolution with stride 1 and padding 1.</summary>
internal sealed record ConvolutionSpec
{
    /// <summary>The input.</summary>
    public required Feature Input { get; init; }

    /// <summary>Whether each input pixel serves 2x2 pixels: nearest-neighbour doubling before the convolution.</summary>
    public bool DoubleInput { get; init; }

    /// <summary>The result.</summary>
    public required Feature Output { get; init; }

    /// <summary>Weights.</summary>
    public required PackedConvolution Weights { get; init; }

    /// <summary>Bias.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>Where the image's own bias is, or null.</summary>
    public TimeColumns? Time { get; init; }

    /// <summary>What is added, or null. Its source may be the output.</summary>
    public Residual? Residual { get; init; }

    /// <summary>Factor of the sum.</summary>
    public float Scale { get; init; } = 1;
}
