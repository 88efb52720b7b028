using System.Runtime.Intrinsics;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>Plans 3x3 convolutions by Winograd's algorithm, of either size and with the widest vectors there are.</summary>
internal static class WinogradStep
{
    /// <summary>The step for a convolution.</summary>
    /// <param name="spec">The convolution.</param>
    /// <param name="threads">Threads that may take part.</param>
    /// <param name="cut">How it is cut in chunks; default: <see cref="WinogradCut.Choose"/>.</param>
    public static Step Plan(ConvolutionSpec spec, int threads, WinogradCut? cut = null) =>
        Vector512.IsHardwareAccelerated ? Plan<Floats512>(spec, threads, cut)
        : Vector256.IsHardwareAccelerated ? Plan<Floats256>(spec, threads, cut)
        : Plan<Floats128>(spec, threads, cut);

    private static Step Plan<T>(ConvolutionSpec spec, int threads, WinogradCut? cut)
        where T : unmanaged, IFloats<T> =>
        spec.Weights.OutputSize == 4 ? PlanTiles<WinogradF4<T>>(spec, threads, cut) : PlanTiles<WinogradF2<T>>(spec, threads, cut);

    private static Step PlanTiles<TTile>(ConvolutionSpec spec, int threads, WinogradCut? given)
        where TTile : struct, IWinogradTile
    {
        var layer = new WinogradLayer<TTile>(spec);
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

/// <summary>
/// The three parts of a 3x3 convolution by Winograd's algorithm, for any range of tiles and of output channels. Tiles of all images
/// are one list. How the work is cut has no influence on any result.
/// </summary>
internal sealed unsafe class WinogradLayer<TTile>
    where TTile : struct, IWinogradTile
{
    // Planes a multiple of 4 KB apart would compete for the same sets of the first-level cache.
    private const int PlaneStagger = 16;

    private readonly TileGrid _grid;
    private readonly ArenaSlot _zeros;

    /// <summary>The layer for a batch.</summary>
    public WinogradLayer(ConvolutionSpec spec)
    {
        Spec = spec;
        _grid = new TileGrid(TTile.OutputSize, spec.Output);
        _zeros = new ArenaSlot(spec.Input.Stride);
    }

    /// <summary>The convolution.</summary>
    public ConvolutionSpec Spec { get; }

    /// <summary>Tiles of the batch.</summary>
    public int Tiles => _grid.Tiles;

    /// <summary>(m+2)²: how many products there are.</summary>
    public int Planes => (TTile.OutputSize + 2) * (TTile.OutputSize + 2);

    /// <summary>Panels of output channels.</summary>
    public int Panels => Spec.Weights.Panels;

    /// <summary>Memory the parts read and write, but for what lies between them.</summary>
    public IEnumerable<ArenaSlot> Slots =>
    [
        Spec.Input.Slot, Spec.Output.Slot, _zeros,
        .. Spec.Time is { } time ? [time.Slot] : Array.Empty<ArenaSlot>(),
        .. Spec.Residual is { } residual ? [residual.Source.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <summary>Floats between two products' matrices of so many tiles and channels.</summary>
    public static nint PlaneStride(int tiles, int channels) => ((nint)tiles * channels) + PlaneStagger;

    /// <summary>Before anything else of a call.</summary>
    public void Begin(Call call) => new Span<float>(call.At(_zeros), Spec.Input.Stride).Clear();

    /// <summary>Bᵀ d B of some tiles, to matrices [tiles x input channels].</summary>
    public void Inputs(Call call, int first, int count, float* target, nint planeStride)
    {
        var input = Spec.Input;
        var shift = Spec.DoubleInput ? 1 : 0;
        var ahead = TileGrid.Ahead(TTile.OutputSize, input, shift, border: 1);
        float* x = call.At(input.Slot), zeros = call.At(_zeros);
        var pixels = stackalloc float*[TileGrid.MostPixels];
        for (var tile = 0; tile < count; tile++)
        {
            _grid.Window(x, input, shift, first + tile, zeros, pixels);
            TTile.Input(pixels, ahead, input.Stride, target + ((nint)tile * input.Stride), planeStride, Gemm.PanelWidth);
        }
    }

    /// <summary>
    /// The products of some tiles for some panels, then Aᵀ M A of them to the output. The products of few channels at a time
    /// lie in <paramref name="scratch"/>, small enough for the second-level cache.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="inputs">From <see cref="Inputs"/>.</param>
    /// <param name="inputStride">Distance of its matrices.</param>
    /// <param name="firstTile">Which tile the first row of the matrices is.</param>
    /// <param name="tiles">Rows.</param>
    /// <param name="firstPanel">First panel.</param>
    /// <param name="panels">Panels.</param>
    /// <param name="panelsAtOnce">Panels whose products lie in the scratch at once.</param>
    /// <param name="scratch">Of the size <see cref="PlaneStride"/> says for that many panels.</param>
    public void Outputs(
        Call call, float* inputs, nint inputStride, int firstTile, int tiles, int firstPanel, int panels, int panelsAtOnce, float* scratch)
    {
        for (var panel = firstPanel; panel < firstPanel + panels; panel += panelsAtOnce)
        {
            var count = Math.Min(panelsAtOnce, firstPanel + panels - panel);
            var channels = count * Gemm.PanelWidth;
            var stride = PlaneStride(tiles, channels);
            for (var plane = 0; plane < Planes; plane++)
            {
                Spec.Weights.Multiply(
                    plane, inputs + (plane * inputStride), Spec.Input.Stride, panel, count, scratch + (plane * stride), channels, tiles);
            }

            Transform(call, scratch, stride, firstTile, tiles, panel * Gemm.PanelWidth, channels);
        }
    }

    private void Transform(Call call, float* products, nint planeStride, int firstTile, int tiles, int channel, int channels)
    {
        var output = Spec.Output;
        var target = new WinogradTarget
        {
            RowStride = (nint)output.Width * output.Stride,
            PixelStride = output.Stride,
            Channels = channels,
            Bias = Spec.Bias.Values + channel,
            Scale = Spec.Scale,
        };
        for (var tile = 0; tile < tiles; tile++)
        {
            var (image, row, column) = _grid.Corner(firstTile + tile);
            target.Output = call.At(output.Slot) + ((((((long)image * output.Height) + row) * output.Width) + column) * output.Stride) + channel;
            target.Rows = Math.Min(TTile.OutputSize, output.Height - row);
            target.Columns = Math.Min(TTile.OutputSize, output.Width - column);
            if (Spec.Time is { } time)
            {
                target.ImageBias = call.At(time.Slot) + ((long)image * time.RowStride) + time.Offset + channel;
            }

            if (Spec.Residual is { } residual)
            {
                var source = residual.Source;
                target.ResidualShift = residual.Doubled ? 1 : 0;
                target.ResidualPixelStride = source.Stride;
                target.ResidualRowStride = (nint)source.Width * source.Stride;
                target.Residual = call.At(source.Slot)
                    + ((((long)image * source.Height) + (row >> target.ResidualShift)) * target.ResidualRowStride)
                    + ((column >> target.ResidualShift) * target.ResidualPixelStride) + channel;
            }

            TTile.Output(products + ((nint)tile * channels), planeStride, target);
        }
    }
}
