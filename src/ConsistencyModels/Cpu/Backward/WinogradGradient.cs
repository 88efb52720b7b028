using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// The parts of the way back through a 3x3 convolution by Winograd's algorithm, for any range of tiles. With y = Aᵀ(U·V)A summed over input
/// channels, U = GgGᵀ and V = BᵀxB: M' = A·y'·Aᵀ, U' = Vᵀ·M' summed over tiles, V' = M'·Uᵀ, x' = B·V'·Bᵀ, g' = Gᵀ·U'·G. V is computed again.
/// V, M' and V' lie in panels, [product][panel][tile][16]; U' in blocks of 16 x 16 channels, all products of a block together.
/// </summary>
internal sealed unsafe class WinogradGradient<TTile>
    where TTile : struct, IWinogradTile
{
    private const int Width = Gemm.PanelWidth;

    // Planes a multiple of 4 KB apart would compete for the same sets of the first-level cache.
    private const int Stagger = 16;

    private readonly TileGrid _grid;
    private readonly ArenaSlot _zeros;
    private readonly ArenaSlot _turned;
    private readonly ArenaSlot _biases;
    private readonly nint _turnedPlane;

    /// <summary>Plans the parts.</summary>
    public WinogradGradient(ConvolutionGradientSpec spec)
    {
        Spec = spec;
        var weights = spec.Convolution.Weights;
        _grid = new TileGrid(TTile.OutputSize, spec.Convolution.Output);
        (InputPanels, OutputPanels) = (weights.Depth / Width, weights.Panels);
        _zeros = new ArenaSlot(Math.Max(spec.Gradient.Stride, spec.Input.Stride));
        _biases = new ArenaSlot((long)spec.Gradient.Batch * spec.Gradient.Stride);
        _turnedPlane = ((nint)weights.Depth * spec.Gradient.Stride) + Stagger;
        _turned = new ArenaSlot(Planes * (long)_turnedPlane);
    }

    /// <summary>The convolution.</summary>
    public ConvolutionGradientSpec Spec { get; }

    /// <summary>Products.</summary>
    public static int Planes => (TTile.OutputSize + 2) * (TTile.OutputSize + 2);

    /// <summary>Panels of channels.</summary>
    public int InputPanels { get; }

    /// <summary>Panels of channels.</summary>
    public int OutputPanels { get; }

    /// <summary>Tiles of an image.</summary>
    public int TilesOfImage => _grid.TilesOfImage;

    /// <summary>Memory that the parts read and write, but for what lies between them.</summary>
    public IEnumerable<ArenaSlot> Slots =>
    [
        Spec.Input.Slot, Spec.Gradient.Slot, Spec.Target.Gradient.Slot, _zeros, _turned, _biases,
        .. Spec.TimeGradient is { } time ? [time.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <summary>Floats between blocks of U'.</summary>
    public static nint BlockStride => (Planes * Width * Width) + Stagger;

    /// <summary>Floats of a U'.</summary>
    public long WeightFloats => (long)InputPanels * OutputPanels * BlockStride;

    /// <summary>Chunks of <see cref="Turn"/>.</summary>
    public int TurnChunks => Planes * InputPanels;

    /// <summary>Chunks of <see cref="Unpack"/>.</summary>
    public int UnpackChunks => InputPanels * OutputPanels;

    /// <summary>Floats between two products' matrices of so many tiles and panels.</summary>
    public static nint PlaneStride(int tiles, int panels) => ((nint)PanelGemm.Rows(tiles) * panels * Width) + Stagger;

    /// <summary>Floats between panels of so many tiles.</summary>
    public static nint PanelStride(int tiles) => (nint)PanelGemm.Rows(tiles) * Width;

    /// <summary>Before anything else.</summary>
    public void Begin(Call call) => new Span<float>(call.At(_zeros), (int)_zeros.Floats).Clear();

    /// <summary>A panel of Uᵀ of a product.</summary>
    public void Turn(Call call, int chunk)
    {
        var (plane, panel) = Math.DivRem(chunk, InputPanels);
        Spec.Convolution.Weights.Turn(plane, panel, TurnedPlane(call, plane) + ((nint)panel * Spec.Gradient.Stride * Width));
    }

    /// <summary>V of some tiles.</summary>
    public void Inputs(Call call, int first, int count, float* target, nint planeStride, nint panelStride)
    {
        var pixels = stackalloc float*[TileGrid.MostPixels];
        float* x = call.At(Spec.Input.Slot), outside = call.At(_zeros);
        var ahead = TileGrid.Ahead(TTile.OutputSize, Spec.Input, Spec.Convolution.DoubleInput ? 1 : 0, border: 1);
        for (var tile = 0; tile < count; tile++)
        {
            _grid.Window(x, Spec.Input, Spec.Convolution.DoubleInput ? 1 : 0, first + tile, outside, pixels);
            TTile.Input(pixels, ahead, Spec.Input.Stride, target + (tile * Width), planeStride, panelStride);
        }
    }

    /// <summary>M' of some tiles, and each image's sums of y', which begin with its first tile.</summary>
    public void Outputs(Call call, int first, int count, float* target, nint planeStride, nint panelStride)
    {
        var pixels = stackalloc float*[TileGrid.MostPixels];
        float* y = call.At(Spec.Gradient.Slot), outside = call.At(_zeros);
        var ahead = TileGrid.Ahead(TTile.OutputSize, Spec.Gradient, 0, border: 0);
        for (var tile = 0; tile < count; tile++)
        {
            var (image, place) = Math.DivRem(first + tile, TilesOfImage);
            var sums = call.At(_biases) + ((long)image * Spec.Gradient.Stride);
            if (place == 0)
            {
                new Span<float>(sums, Spec.Gradient.Stride).Clear();
            }

            _grid.Outputs(y, first + tile, outside, pixels);
            TTile.OutputAdjoint(pixels, ahead, Spec.Gradient.Stride, sums, target + (tile * Width), planeStride, panelStride);
        }
    }

    /// <summary>U' (+)= Vᵀ·M' of a product.</summary>
    public void WeightProduct(int plane, float* v, float* m, nint panelStride, int tiles, float* weights, bool accumulate) => PanelGemm.Transposed(
        new(v, panelStride, Width), new(m, panelStride, Width), new(weights + (plane * Width * Width), InputPanels * BlockStride, BlockStride),
        InputPanels * Width, tiles, OutputPanels, accumulate);

    /// <summary>V' = M'·Uᵀ of a product, which may go where V was.</summary>
    public void InputProduct(Call call, int plane, float* m, float* v, nint panelStride, int tiles) => PanelGemm.Multiply(
        m, panelStride, TurnedPlane(call, plane), (nint)Spec.Gradient.Stride * Width, v, panelStride, tiles, Spec.Gradient.Stride, InputPanels);

    /// <summary>x' of some tiles, which are added to what is there; an image begins with its first tile.</summary>
    public void InputsAdjoint(Call call, int first, int count, float* v, nint planeStride, nint panelStride, float* nowhere)
    {
        var pixels = stackalloc float*[TileGrid.MostPixels];
        var (input, gradient) = (Spec.Input, Spec.Target.Gradient);
        var x = call.At(gradient.Slot);
        for (var tile = 0; tile < count; tile++)
        {
            var (image, place) = Math.DivRem(first + tile, TilesOfImage);
            if (place == 0 && !Spec.Target.Accumulate)
            {
                new Span<float>(x + ((long)image * input.Pixels * input.Stride), input.Pixels * input.Stride).Clear();
            }

            _grid.Window(x, gradient, Spec.Convolution.DoubleInput ? 1 : 0, first + tile, nowhere, pixels);
            TTile.InputAdjoint(v + (tile * Width), planeStride, panelStride, input.Stride, pixels);
        }
    }

    /// <summary>A block of 16 x 16 channels of g', of several sums.</summary>
    /// <param name="call">The call.</param>
    /// <param name="chunk">Which block.</param>
    /// <param name="weights">The first sum.</param>
    /// <param name="parts">How many there are.</param>
    public void Unpack(Call call, int chunk, float* weights, int parts)
    {
        var block = weights + (chunk * BlockStride);
        for (var part = 1; part < parts; part++)
        {
            ElementKernel.Add(block + (part * (nint)WeightFloats), 1, block, Planes * Width * Width, accumulate: true);
        }

        var (output, input) = Math.DivRem(chunk, InputPanels);
        Spec.Convolution.Weights.Unpack(output, input, block, call.Gradients);
    }

    /// <summary>After all images: the sums of y' are the gradient of the images' own biases, and together of the bias.</summary>
    public void Biases(Call call)
    {
        var stride = Spec.Gradient.Stride;
        var sums = call.At(_biases);
        if (Spec.Convolution.Time is { } time)
        {
            var target = call.At(Spec.TimeGradient!.Slot) + time.Offset;
            for (var image = 0; image < Spec.Gradient.Batch; image++)
            {
                new ReadOnlySpan<float>(sums + ((long)image * stride), stride).CopyTo(new Span<float>(target + ((long)image * time.RowStride), stride));
            }
        }

        ElementKernel.ColumnSums(sums, stride, Spec.Gradient.Batch, stride, sums);
        Spec.Convolution.Bias.Unpack(sums, call.Gradients);
    }

    private float* TurnedPlane(Call call, int plane) => call.At(_turned) + (plane * _turnedPlane);
}

/// <summary>The way back through a 3x3 convolution.</summary>
internal sealed record ConvolutionGradientSpec
{
    /// <summary>The convolution.</summary>
    public required ConvolutionSpec Convolution { get; init; }

    /// <summary>What it read, where that is now.</summary>
    public required Feature Input { get; init; }

    /// <summary>The output's gradient.</summary>
    public required Feature Gradient { get; init; }

    /// <summary>Where the input's gradient goes.</summary>
    public required GradientTarget Target { get; init; }

    /// <summary>The gradient of the projected time embedding, if that was added.</summary>
    public Feature? TimeGradient { get; init; }
}
