using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>Compiles a described network into a <see cref="Plan"/> for one shape.</summary>
internal sealed class PlanBuilder
{
    private readonly UNet2DDescription _network;
    private readonly LayerWeights _weights;
    private readonly int _batch;
    private readonly int _threads;
    private readonly List<Step> _steps = [];
    private TimeProjection? _time;

    private PlanBuilder(UNet2DDescription network, LayerWeights weights, int batch, int threads)
    {
        _network = network;
        _weights = weights;
        _batch = batch;
        _threads = threads;
    }

    private UNet2DConfig Config => _network.Config;

    private bool ScaleShift => Config.ResnetTimeScaleShift == "scale_shift";

    /// <summary>Compiles.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">Its packed weights.</param>
    /// <param name="batch">Images.</param>
    /// <param name="size">Their size.</param>
    /// <param name="threads">Threads that may take part.</param>
    public static Plan Build(UNet2DDescription network, LayerWeights weights, int batch, ImageSize size, int threads)
    {
        var builder = new PlanBuilder(network, weights, batch, threads);
        builder.Network(size);
        return new Plan(builder._steps);
    }

    private void Network(ImageSize size)
    {
        _time = TimeProjection.Plan(_network, _weights, _batch, _steps.Add);
        var first = Config.BlockOutChannels[0];
        var x = New(size.Height, size.Width, first);
        _steps.Add(new GatherStep(
            new GatherSpec
            {
                InputSize = (size.Height, size.Width, Config.InChannels),
                Center = Config.CenterInputSample,
                Output = x,
                Weights = _weights.InputConvolution("conv_in", Config.InChannels, first),
                Bias = _weights.Bias("conv_in", first),
                Stride = 1,
                Padding = 1,
            }));
        var skips = new Stack<Feature>([x]);
        foreach (var block in _network.DownBlocks)
        {
            for (var i = 0; i < block.Resnets.Count; i++)
            {
                x = AttendAfter(block, i, Resnet(block.Resnets[i], x));
                skips.Push(x);
            }

            if (block.Resample is { } resample)
            {
                x = Resample(resample, x);
                skips.Push(x);
            }
        }

        x = Middle(x);
        foreach (var block in _network.UpBlocks)
        {
            for (var i = 0; i < block.Resnets.Count; i++)
            {
                x = AttendAfter(block, i, Resnet(block.Resnets[i], x, skips.Pop()));
            }

            x = block.Resample is { } resample ? Resample(resample, x) : x;
        }

        Norm("conv_norm_out", Config.NormNumGroups, [x], x, silu: true);
        _steps.Add(new OutputStep(
            x, Config.OutChannels, _weights.OutputConvolution("conv_out", first, Config.OutChannels),
            _weights.Bias("conv_out", Config.OutChannels), Config.TimeEmbeddingType == "fourier", _batch));
    }

    private Feature Middle(Feature x)
    {
        if (_network.MidBlock is not { } middle)
        {
            return x;
        }

        x = Resnet(middle.Resnets[0], x);
        for (var i = 1; i < middle.Resnets.Count; i++)
        {
            x = Resnet(middle.Resnets[i], AttendAfter(middle, i - 1, x));
        }

        return x;
    }

    private Feature AttendAfter(BlockDescription block, int index, Feature x) =>
        block.Attentions.Count > 0 ? Attention(block.Attentions[index], x) : x;

    private Feature Resnet(ResnetDescription resnet, params Feature[] inputs)
    {
        var (down, up) = (resnet.Resample == ResampleKind.Down, resnet.Resample == ResampleKind.Up);
        var (height, width) = (inputs[0].Height, inputs[0].Width);
        var (outHeight, outWidth) = down ? (height / 2, width / 2) : up ? (2 * height, 2 * width) : (height, width);
        var layout = _weights.Layout([.. inputs.Select(input => input.Layout.Channels)]);
        var normed = down ? New(outHeight, outWidth, layout) : New(height, width, layout);
        var halved = down ? New(outHeight, outWidth, layout) : null;
        Norm($"{resnet.Name}.norm1", Config.NormNumGroups, inputs, normed, silu: true, halvedInput: halved);

        var hidden = New(outHeight, outWidth, resnet.OutChannels);
        var time = _time!.ColumnsOf(resnet);
        Convolution($"{resnet.Name}.conv1", normed, hidden, doubled: up, time: ScaleShift ? null : time);
        Norm($"{resnet.Name}.norm2", Config.NormNumGroups, [hidden], hidden, silu: true, time: ScaleShift ? time : null);

        var output = New(outHeight, outWidth, resnet.OutChannels);
        Feature[] skip = halved is null ? inputs : [halved];
        if (resnet.HasShortcut)
        {
            // The shortcut is written where the output goes, and the second convolution adds to it.
            var shortcut = up ? New(height, width, resnet.OutChannels) : output;
            Linear([$"{resnet.Name}.conv_shortcut"], skip, shortcut, resnet.OutChannels);
            skip = [shortcut];
        }

        Convolution(
            $"{resnet.Name}.conv2", hidden, output, residual: new Residual(skip.Single(), Doubled: up), scale: (float)(1 / resnet.OutputScale));
        return output;
    }

    private Feature Attention(AttentionDescription attention, Feature x)
    {
        var name = attention.Name;
        var tokens = x;
        if (attention.NormGroups is { } groups)
        {
            tokens = New(x.Height, x.Width, x.Layout);
            Norm($"{name}.group_norm", groups, [x], tokens, silu: false);
        }

        var inner = attention.InnerDim;
        var projected = New(x.Height, x.Width, _weights.Layout(inner, inner, inner));
        Linear([$"{name}.to_q", $"{name}.to_k", $"{name}.to_v"], [tokens], projected, inner);
        var attended = New(x.Height, x.Width, inner);
        _steps.Add(new AttentionStep(projected, attended, attention.Heads, attention.HeadDim, _batch));

        // Nothing else reads the block's input: its memory becomes the output.
        Linear([$"{name}.to_out.0"], [attended], x, attention.Channels, residual: x, scale: (float)(1 / attention.OutputScale));
        return x;
    }

    private Feature Resample(ResampleDescription resample, Feature x)
    {
        if (resample.Resnet is { } resnet)
        {
            return Resnet(resnet, x);
        }

        var name = resample.ConvName!;
        if (resample.Kind == ResampleKind.Up)
        {
            var doubled = New(2 * x.Height, 2 * x.Width, resample.Channels);
            Convolution(name, x, doubled, doubled: true);
            return doubled;
        }

        var halved = New(x.Height / 2, x.Width / 2, resample.Channels);
        _steps.Add(new GatherStep(
            new GatherSpec
            {
                Input = x,
                InputSize = (x.Height, x.Width, resample.Channels),
                Output = halved,
                Weights = _weights.StridedConvolution(name, x.Layout, resample.Channels),
                Bias = _weights.Bias(name, resample.Channels),
                Stride = 2,
                Padding = Config.DownsamplePadding,
            }));
        return halved;
    }

    private void Norm(
        string name, int groups, Feature[] inputs, Feature output, bool silu, TimeColumns? time = null, Feature? halvedInput = null) =>
        _steps.Add(new NormStep(
            new NormSpec
            {
                Inputs = inputs,
                Output = output,
                Weight = _weights.Vector($"{name}.weight", output.Layout),
                Bias = _weights.Vector($"{name}.bias", output.Layout),
                Groups = groups,
                Epsilon = Config.NormEps,
                SiLU = silu,
                Time = time,
                Halve = halvedInput is not null,
                HalvedInput = halvedInput,
            },
            _batch,
            _threads));

    private void Convolution(
        string name, Feature input, Feature output, bool doubled = false, TimeColumns? time = null, Residual? residual = null, float scale = 1)
    {
        var channels = output.Layout.Channels;
        var spec = new ConvolutionSpec
        {
            Input = input,
            DoubleInput = doubled,
            Output = output,
            Weights = _weights.Convolution(name, input.Layout, channels, new ImageSize(output.Height, output.Width)),
            Bias = _weights.Bias(name, channels),
            Time = time,
            Residual = residual,
            Scale = scale,
        };
        _steps.Add(WinogradStep.Plan(spec, _batch, _threads));
    }

    private void Linear(string[] names, Feature[] inputs, Feature output, int columns, Feature? residual = null, float scale = 1)
    {
        var layout = _weights.Layout([.. inputs.Select(input => input.Layout.Channels)]);
        _steps.Add(new LinearStep(new LinearSpec
        {
            Inputs = inputs,
            Output = output,
            Weights = _weights.Linear(names, layout, columns),
            Bias = _weights.Biases(names, columns),
            Residual = residual,
            Scale = scale,
        }));
    }

    private Feature New(int height, int width, int channels) => New(height, width, _weights.Layout(channels));

    private Feature New(int height, int width, ChannelLayout layout) => new(_batch, height, width, layout);
}
