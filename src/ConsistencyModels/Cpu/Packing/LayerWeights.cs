using System.Collections.Concurrent;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>Says, for each kind of layer, how its parameters are packed. Names are diffusers'.</summary>
internal sealed class LayerWeights(IWeightSet weights)
{
    private const int Taps = 9;

    private readonly ConcurrentDictionary<string, ChannelLayout> _layouts = new(StringComparer.Ordinal);

    /// <summary>How many images convolutions are chosen for.</summary>
    public int Images { get; init; } = 1;

    /// <summary>Whether matrices keep half precision.</summary>
    private bool Half => weights.Half;

    /// <summary>A layout, shared by all plans: a large network's features have few.</summary>
    public ChannelLayout Layout(params ReadOnlySpan<int> segments)
    {
        var layout = new ChannelLayout(segments);
        return _layouts.GetOrAdd(layout.ToString(), layout);
    }

    /// <summary>A vector by its parameter's full name.</summary>
    public PackedVector Vector(string parameter, ChannelLayout layout) =>
        weights.Get(parameter, () => new PackedVector([(parameter, layout)]));

    /// <summary>The bias of a layer.</summary>
    public PackedVector Bias(string layer, int channels) => Vector($"{layer}.bias", new ChannelLayout(channels));

    /// <summary>Biases of layers whose outputs lie side by side.</summary>
    public PackedVector Biases(string[] layers, int channels) =>
        weights.Get($"{layers[0]}.bias", () => new PackedVector([.. layers.Select(layer => ($"{layer}.bias", new ChannelLayout(channels)))]));

    /// <summary>An embedding table.</summary>
    public PackedTable Table(string parameter, int rows, ChannelLayout layout) =>
        weights.Get(parameter, () => new PackedTable(parameter, rows, layout));

    /// <summary>A 3x3 convolution by Winograd's algorithm; the first to ask decides by its size which one.</summary>
    public PackedConvolution Convolution(string layer, ChannelLayout input, int channels, ImageSize size) =>
        weights.Get($"{layer}.weight", () => new PackedConvolution(
            $"{layer}.weight", input, channels, ConvolutionChoice.OutputSize(size.Height, size.Width, input.Channels, channels, Images), Half));

    /// <summary>Linear layers, or 1x1 convolutions, whose outputs lie side by side: weights [channels, input].</summary>
    public PackedMatrix Linear(string[] layers, ChannelLayout input, int channels) =>
        weights.Get($"{layers[0]}.weight", () => new PackedMatrix(
            [.. layers.Select(layer => new PackedMatrix.Part($"{layer}.weight", Columns(0, channels, input.Channels)))],
            input.Logical.ToArray(),
            Half));

    /// <summary>A linear layer without padding of its inputs: weights [channels, inputs].</summary>
    public PackedMatrix Projection(string parameter, int inputs, int channels) =>
        weights.Get(parameter, () => new PackedMatrix([new(parameter, Columns(0, channels, inputs))], [.. Enumerable.Range(0, inputs)], half: false));

    /// <summary>The first convolution, over patches of 9 taps of unpadded channels.</summary>
    public PackedMatrix InputConvolution(string layer, int inChannels, int channels) =>
        weights.Get($"{layer}.weight", () => new PackedMatrix(
            [new($"{layer}.weight", Columns(0, channels, inChannels * Taps))],
            [.. Enumerable.Range(0, Taps).SelectMany(tap => Enumerable.Range(0, inChannels).Select(channel => (channel * Taps) + tap))],
            half: false));

    /// <summary>A convolution over patches of 9 taps of padded channels.</summary>
    public PackedMatrix StridedConvolution(string layer, ChannelLayout input, int channels) =>
        weights.Get($"{layer}.weight", () => new PackedMatrix(
            [new($"{layer}.weight", Columns(0, channels, input.Channels * Taps))],
            [.. Enumerable.Range(0, Taps).SelectMany(tap => input.Logical.ToArray().Select(channel => channel < 0 ? -1 : (channel * Taps) + tap))],
            Half));

    /// <summary>The last convolution: a column for each tap and output channel.</summary>
    public PackedMatrix OutputConvolution(string layer, int inChannels, int channels) =>
        weights.Get($"{layer}.weight", () => new PackedMatrix(
            [
                new(
                    $"{layer}.weight",
                    [
                        .. Enumerable.Range(0, Taps).SelectMany(
                            tap => Enumerable.Range(0, channels).Select(channel => ((long)channel * inChannels * Taps) + tap)),
                    ]),
            ],
            [.. new ChannelLayout(inChannels).Logical.ToArray().Select(channel => channel < 0 ? -1 : channel * Taps)],
            half: false));

    /// <summary>How the columns of a residual block's time projection lie: scales and shifts each fill whole panels.</summary>
    public static ChannelLayout TimeColumns(ResnetOperation resnet)
    {
        var channels = resnet.Output.Channels;
        return resnet.Conditioning == TimeConditioning.ScaleAndShift ? new ChannelLayout(channels, channels) : new ChannelLayout(channels);
    }

    /// <summary>All residual blocks' time projections side by side.</summary>
    public PackedMatrix TimeProjections(IReadOnlyList<ResnetOperation> resnets, ChannelLayout time) =>
        weights.Get("time_emb_proj.weight", () => new PackedMatrix(
            [
                .. resnets.SelectMany(resnet => Enumerable.Range(0, resnet.Time.Outputs / resnet.Output.Channels).Select(half => new PackedMatrix.Part(
                    resnet.Time.Weight, Columns(half * resnet.Output.Channels, resnet.Output.Channels, time.Channels)))),
            ],
            time.Logical.ToArray(),
            Half));

    /// <summary>Their biases.</summary>
    public PackedVector TimeBiases(IReadOnlyList<ResnetOperation> resnets) =>
        weights.Get("time_emb_proj.bias", () => new PackedVector([.. resnets.Select(resnet => (resnet.Time.Bias, TimeColumns(resnet)))]));

    private static long[] Columns(int first, int count, int length) =>
        [.. Enumerable.Range(first, count).Select(column => (long)column * length)];
}

/// <summary>Tensors of a checkpoint under a network's parameter names, as floats.</summary>
internal sealed unsafe class WeightReader
{
    private readonly ITensorSource _source;
    private readonly IReadOnlyDictionary<string, string> _names;

    /// <summary>Tensors under their own names.</summary>
    public WeightReader(ITensorSource source)
    {
        _source = source;
        _names = source.Tensors.Keys.ToDictionary(name => name);
    }

    /// <summary>Checks strictly that the checkpoint holds the network's parameters.</summary>
    /// <exception cref="ConsistencyModelsException">It does not: all differences are listed.</exception>
    public WeightReader(UNet2DDescription network, ITensorSource source)
    {
        _source = source;
        _names = NetworkWeights.Check(network, source);
    }

    /// <summary>The checkpoint.</summary>
    public ITensorSource Source => _source;

    /// <summary>For each parameter the name it is stored under.</summary>
    public IReadOnlyDictionary<string, string> Names => _names;

    /// <summary>What is done with a tensor's values.</summary>
    public delegate void Consumer(WeightView values);

    /// <summary>Calls with a tensor's values.</summary>
    public void Read(string parameter, Consumer consumer)
    {
        var name = _names[parameter];
        fixed (byte* bytes = _source.Bytes(name))
        {
            Pages.Populate(bytes, _source.Bytes(name).Length);
            consumer(new WeightView(bytes, _source.Tensors[name].DType));
        }

        _source.Release(name);
    }
}

/// <summary>A tensor of a checkpoint, in the file's own memory and element type; valid while <see cref="WeightReader.Read"/> runs.</summary>
internal readonly unsafe struct WeightView(byte* bytes, TensorDType dtype)
{
    /// <summary>Floats in memory.</summary>
    public WeightView(float* values)
        : this((byte*)values, TensorDType.F32)
    {
    }

    /// <summary>Some consecutive elements as floats: where they lie, or widened into a buffer.</summary>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">How many.</param>
    /// <param name="buffer">Room for that many floats.</param>
    public float* Floats(long first, int count, float* buffer)
    {
        if (dtype == TensorDType.F32)
        {
            return (float*)bytes + first;
        }

        var size = dtype.Size();
        FloatConversion.ToSingle(dtype, new ReadOnlySpan<byte>(bytes + (first * size), count * size), new Span<float>(buffer, count));
        return buffer;
    }

    /// <summary>Copies consecutive elements as floats.</summary>
    public void CopyTo(long first, Span<float> destination)
    {
        fixed (float* target = destination)
        {
            var source = Floats(first, destination.Length, target);
            if (source != target)
            {
                new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);
            }
        }
    }
}
