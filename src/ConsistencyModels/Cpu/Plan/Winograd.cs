using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu;

/// <summary>Winograd convolutions of either size, with the widest vectors there are.</summary>
internal static unsafe class Winograd
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

    /// <summary><see cref="IWinogradTile.Weight"/> of F(m x m, 3 x 3).</summary>
    public static void Weight(int outputSize, float* filter, float* output, nint planeStride)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Weight<Floats512>(outputSize, filter, output, planeStride);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Weight<Floats256>(outputSize, filter, output, planeStride);
        }
        else
        {
            Weight<Floats128>(outputSize, filter, output, planeStride);
        }
    }

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

    private static void Weight<T>(int outputSize, float* filter, float* output, nint planeStride)
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
}
