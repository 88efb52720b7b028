using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>
/// Compiles a described network into a <see cref="Plan"/> for one shape. A value is the features that hold its channels: two for
/// a concatenation, which is not carried out, and none for what the caller passes, which is in the <see cref="Call"/>.
/// </summary>
internal sealed class PlanBuilder : INetworkReader<Feature[]>
{
    private readonly LayerWeights _weights;
    private readonly int _batch;
    private readonly ImageSize _size;
    private readonly int _threads;
    private readonly TimeProjection _time;
    private readonly List<Step> _steps = [];
    private readonly bool _dropout;
    private readonly ITape? _tape;
    private int _dropouts;
    private PackedTable? _classes;

    private PlanBuilder(UNet2DDescription network, LayerWeights weights, int batch, ImageSize size, int threads, bool dropout, ITape? tape)
    {
        _weights = weights;
        _batch = batch;
        _size = size;
        _threads = threads;
        (_dropout, _tape) = (dropout, tape);
        _time = new TimeProjection([.. network.Operations.OfType<ResnetOperation>()], weights, batch);
    }

    /// <summary>Compiles.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">Its packed weights.</param>
    /// <param name="batch">Images.</param>
    /// <param name="size">Their size.</param>
    /// <param name="threads">Threads that may take part.</param>
    public static Plan Build(UNet2DDescription network, LayerWeights weights, int batch, ImageSize size, int threads) =>
        new(Steps(network, weights, batch, size, threads, dropout: false, tape: null));

    /// <summary>The steps of a forward pass.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">Its packed weights.</param>
    /// <param name="batch">Images.</param>
    /// <param name="size">Their size.</param>
    /// <param name="threads">Threads that may take part.</param>
    /// <param name="dropout">Whether there is dropout, as in training.</param>
    /// <param name="tape">Is told of every layer, if the pass is to be followed back; else null.</param>
    public static IReadOnlyList<Step> Steps(
        UNet2DDescription network, LayerWeights weights, int batch, ImageSize size, int threads, bool dropout, ITape? tape)
    {
        var builder = new PlanBuilder(network, weights, batch, size, threads, dropout, tape);
        network.Read(builder, sample: [], timesteps: [], classLabels: [], augmentLabels: []);
        return builder._steps;
    }

    /// <inheritdoc/>
    public Feature[] TimeEmbedding(TimeEmbeddingOperation operation, Feature[] timesteps)
    {
        var features = New(1, 1, operation.First.Inputs);
        var hidden = New(1, 1, operation.First.Outputs);
        var embedding = New(operation.Output);
        var fourier = operation.Fourier is { } layer ? _weights.Vector(layer.Weight, _weights.Layout(layer.Count)) : null;
        _steps.Add(new TimestepStep(operation, features, fourier, _batch));
        Linear([operation.First], [features], hidden, silu: _tape is null);
        if (_tape is not null)
        {
            hidden = Activation(hidden);
        }

        Linear([operation.Second], [hidden], embedding);
        return [embedding];
    }

    /// <inheritdoc/>
    public Feature[] ClassEmbedding(ClassEmbeddingOperation operation, Feature[] embedding, Feature[] labels)
    {
        _classes = _weights.Table(operation.Table.Weight, operation.Table.Count, embedding[0].Layout); // added as the embedding is activated
        return embedding;
    }

    /// <inheritdoc/>
    public Feature[] AugmentEmbedding(AugmentEmbeddingOperation operation, Feature[] embedding, Feature[] labels)
    {
        var spec = new AugmentSpec(embedding[0], _weights.Projection(operation.Projection.Weight, operation.Projection.Inputs, operation.Projection.Outputs));
        _steps.Add(new AugmentStep(spec));
        _tape?.Augment(spec);
        return embedding;
    }

    /// <inheritdoc/>
    public Feature[] TimeActivation(TimeActivationOperation operation, Feature[] embedding)
    {
        var activated = Activation(embedding[0], _classes);
        Linear(_time.Project(activated));
        return [activated];
    }

    /// <inheritdoc/>
    public Feature[] InputConvolution(InputConvolutionOperation operation, Feature[] sample)
    {
        var layer = operation.Convolution;
        var output = New(operation.Output);
        Gather(new GatherSpec
        {
            InputSize = (_size.Height, _size.Width, layer.InChannels),
            Center = operation.CentersSample,
            Output = output,
            Weights = _weights.InputConvolution(layer.Name, layer.InChannels, layer.OutChannels),
            Bias = _weights.Bias(layer.Name, layer.OutChannels),
            Stride = 1,
            Padding = 1,
        });
        return [output];
    }

    /// <inheritdoc/>
    public Feature[] Resnet(ResnetOperation operation, Feature[] image, Feature[] time)
    {
        var (down, up) = (operation.Resampling == Resampling.Down, operation.Resampling == Resampling.Up);
        var output = New(operation.Output);
        var layout = LayoutOf(image);
        var normed = down ? New(output.Height, output.Width, layout) : New(image[0].Height, image[0].Width, layout);
        var halved = down ? New(output.Height, output.Width, layout) : null;
        Norm(operation.Norm1, image, normed, silu: true, halvedInput: halved);

        var hidden = New(operation.Output);
        var columns = _time.ColumnsOf(operation);
        var scales = operation.Conditioning == TimeConditioning.ScaleAndShift;
        Convolution(operation.Conv1, normed, hidden, doubled: up, time: scales ? null : columns);
        var normed2 = InPlace(hidden);
        Norm(operation.Norm2, [hidden], normed2, silu: true, time: scales ? columns : null);
        Dropout(normed2, operation.Dropout);

        Feature[] skip = halved is null ? image : [halved];
        if (operation.Shortcut is { } layer)
        {
            // The shortcut is written where the output goes, and the second convolution adds to it.
            var shortcut = up ? New(image[0].Height, image[0].Width, layer.OutChannels) : output;
            Linear([layer.Name], skip, shortcut, layer.OutChannels);
            skip = [shortcut];
        }

        Convolution(operation.Conv2, normed2, output, residual: new Residual(skip.Single(), Doubled: up), scale: (float)(1 / operation.OutputScale));
        return [output];
    }

    /// <inheritdoc/>
    public Feature[] Attention(AttentionOperation operation, Feature[] image)
    {
        var x = image.Single();
        var tokens = x;
        if (operation.Norm is { } norm)
        {
            tokens = New(x.Height, x.Width, x.Layout);
            Norm(norm, [x], tokens, silu: false);
        }

        var inner = operation.InnerDim;
        var projected = New(x.Height, x.Width, _weights.Layout(inner, inner, inner));
        Linear([operation.Query, operation.Key, operation.Value], [tokens], projected);
        var attended = New(x.Height, x.Width, inner);
        var attention = new AttentionSpec(projected, attended, operation.Heads, operation.HeadDim);
        _steps.Add(new AttentionStep(attention, _batch));
        _tape?.Attention(attention);

        // Nothing else reads the input: its memory becomes the output.
        var output = InPlace(x);
        Linear([operation.Out], [attended], output, residual: x, scale: (float)(1 / operation.OutputScale));
        return [output];
    }

    /// <inheritdoc/>
    public Feature[] Resample(ResampleOperation operation, Feature[] image)
    {
        var x = image.Single();
        var layer = operation.Convolution;
        var output = New(operation.Output);
        if (operation.Resampling == Resampling.Up)
        {
            Convolution(layer, x, output, doubled: true);
            return [output];
        }

        Gather(new GatherSpec
        {
            Input = x,
            InputSize = (x.Height, x.Width, layer.InChannels),
            Output = output,
            Weights = _weights.StridedConvolution(layer.Name, x.Layout, layer.OutChannels),
            Bias = _weights.Bias(layer.Name, layer.OutChannels),
            Stride = layer.Stride,
            Padding = layer.Padding == ConvolutionPadding.Around ? 1 : 0,
        });
        return [output];
    }

    /// <inheritdoc/>
    public Feature[] Concat(ConcatOperation operation, Feature[] image, Feature[] skip) => [.. image, .. skip];

    /// <inheritdoc/>
    public Feature[] Output(OutputOperation operation, Feature[] image, Feature[] timesteps)
    {
        var x = image.Single();
        var layer = operation.Convolution;
        var normed = InPlace(x);
        Norm(operation.Norm, [x], normed, silu: true);
        var output = new OutputSpec(
            normed, layer.OutChannels, _weights.OutputConvolution(layer.Name, layer.InChannels, layer.OutChannels),
            _weights.Bias(layer.Name, layer.OutChannels), operation.DividesByTimestep);
        _steps.Add(new OutputStep(output));
        _tape?.Output(output);
        return [];
    }

    /// <summary>Where a layer's output goes that may be written over its input, unless a gradient needs that.</summary>
    private Feature InPlace(Feature input) => _tape is null ? input : New(input.Height, input.Width, input.Layout);

    private ChannelLayout LayoutOf(Feature[] features) => _weights.Layout([.. features.Select(feature => feature.Layout.Channels)]);

    private void Norm(NormLayer layer, Feature[] inputs, Feature output, bool silu, TimeColumns? time = null, Feature? halvedInput = null)
    {
        var step = new NormStep(
            new NormSpec
            {
                Inputs = inputs,
                Output = output,
                Weight = _weights.Vector(layer.Weight, output.Layout),
                Bias = _weights.Vector(layer.Bias, output.Layout),
                Groups = layer.Groups,
                Epsilon = layer.Epsilon,
                SiLU = silu,
                Time = time,
                Halve = halvedInput is not null,
                HalvedInput = halvedInput,
                KeepsMoments = _tape is not null,
            },
            _batch,
            _threads);
        _steps.Add(step);
        _tape?.Norm(step);
    }

    private void Dropout(Feature output, double probability)
    {
        // Counted with or without: a layer's mask does not depend on what others do.
        var spec = new DropoutSpec(output, _dropouts++, probability);
        if (_dropout && probability > 0)
        {
            _steps.Add(new DropoutStep(spec, output));
            _tape?.Dropout(spec);
        }
    }

    private Feature Activation(Feature input, PackedTable? classes = null)
    {
        var spec = new ActivationSpec(input, InPlace(input), classes);
        _steps.Add(new ActivationStep(spec, _batch));
        _tape?.Activation(spec);
        return spec.Output;
    }

    private void Gather(GatherSpec spec)
    {
        _steps.Add(new GatherStep(spec));
        _tape?.Gather(spec);
    }

    private void Convolution(
        ConvolutionLayer layer, Feature input, Feature output, bool doubled = false, TimeColumns? time = null, Residual? residual = null, float scale = 1)
    {
        var spec = new ConvolutionSpec
        {
            Input = input,
            DoubleInput = doubled,
            Output = output,
            Weights = _weights.Convolution(layer.Name, input.Layout, layer.OutChannels, new ImageSize(output.Height, output.Width)),
            Bias = _weights.Bias(layer.Name, layer.OutChannels),
            Time = time,
            Residual = residual,
            Scale = scale,
        };
        _steps.Add(WinogradStep.Plan(spec, _threads));
        _tape?.Convolution(spec);
    }

    private void Linear(LinearLayer[] layers, Feature[] inputs, Feature output, bool silu = false, Feature? residual = null, float scale = 1) =>
        Linear([.. layers.Select(layer => layer.Name)], inputs, output, layers[0].Outputs, silu, residual, scale);

    private void Linear(
        string[] names, Feature[] inputs, Feature output, int columns, bool silu = false, Feature? residual = null, float scale = 1) =>
        Linear(new LinearSpec
        {
            Inputs = inputs,
            Output = output,
            Weights = _weights.Linear(names, LayoutOf(inputs), columns),
            Bias = _weights.Biases(names, columns),
            SiLU = silu,
            Residual = residual,
            Scale = scale,
        });

    private void Linear(LinearSpec spec)
    {
        _steps.Add(new LinearStep(spec));
        _tape?.Linear(spec);
    }

    private Feature New(NetworkValue value)
    {
        var size = value.SizeFor(_size);
        return New(size.Height, size.Width, value.Channels);
    }

    private Feature New(int height, int width, int channels) => New(height, width, _weights.Layout(channels));

    private Feature New(int height, int width, ChannelLayout layout) => new(_batch, height, width, layout);
}
