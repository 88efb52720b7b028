using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>
/// The modules of a network's operations, and the forward pass through them. A value is a tensor; it goes back as soon as the
/// last operation that reads it is done. What gradients need of it is held by libtorch's graph all the same.
/// </summary>
internal sealed class NetworkModules : INetworkReader<Tensor>
{
    private const string TimeFeatures = "time_proj";

    private readonly Dictionary<string, nn.Module> _modules = new(StringComparer.Ordinal);
    private readonly ScalarType _dtype;

    /// <summary>Makes the modules and registers them under diffusers' names, in its order.</summary>
    public NetworkModules(nn.Module root, UNet2DDescription network, ParameterStore store, DropoutGenerator dropout)
    {
        _dtype = store.Flat.dtype;
        foreach (var (name, module) in network.InFileOrder.SelectMany(operation => Modules(operation, store, dropout)))
        {
            _modules.Add(name, module);
            NamedModules.Register(root, name, module);
        }
    }

    /// <summary>Whether activations lie with the channels last.</summary>
    public bool ChannelsLast { get; set; }

    /// <inheritdoc/>
    public Tensor TimeEmbedding(TimeEmbeddingOperation operation, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var features = Module<TimeFeatureLayer>(TimeFeatures).forward(timesteps).to(_dtype);
        var hidden = nn.functional.silu(Module<Dense>(operation.First.Name).forward(features));
        return Module<Dense>(operation.Second.Name).forward(hidden).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor ClassEmbedding(ClassEmbeddingOperation operation, Tensor embedding, Tensor labels)
    {
        using var vectors = Module<Table>(operation.Table.Name).forward(labels);
        return embedding.Plus(vectors);
    }

    /// <inheritdoc/>
    public Tensor AugmentEmbedding(AugmentEmbeddingOperation operation, Tensor embedding, Tensor labels)
    {
        using var vectors = Module<Projection>(operation.Projection.Name).forward(labels);
        return embedding.Plus(vectors);
    }

    /// <inheritdoc/>
    public Tensor TimeActivation(TimeActivationOperation operation, Tensor embedding) => nn.functional.silu(embedding);

    /// <inheritdoc/>
    public Tensor InputConvolution(InputConvolutionOperation operation, Tensor sample)
    {
        using var scope = NewDisposeScope();
        var x = operation.CentersSample ? sample.Times(2).Plus(-1) : sample;
        return Module<Conv>(operation.Convolution.Name).forward(ChannelsLast ? Reordered(x) : x).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Resnet(ResnetOperation operation, Tensor image, Tensor time) =>
        InOrder(Module<ResnetBlock2D>(operation.Name).forward(image, time));

    /// <inheritdoc/>
    public Tensor Attention(AttentionOperation operation, Tensor image) => Module<AttentionBlock>(operation.Name).forward(image);

    /// <inheritdoc/>
    public Tensor Resample(ResampleOperation operation, Tensor image) => InOrder(Module<ResampleConv>(operation.Name).forward(image));

    /// <inheritdoc/>
    public Tensor Concat(ConcatOperation operation, Tensor image, Tensor skip) => cat([image, skip], dim: 1);

    /// <inheritdoc/>
    public Tensor Output(OutputOperation operation, Tensor image, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var output = Module<Norm>(operation.Norm.Name).forward(image)
            .Then(x => nn.functional.silu(x))
            .Then(Module<Conv>(operation.Convolution.Name).forward);
        if (operation.DividesByTimestep)
        {
            output = output / timesteps.view(-1, 1, 1, 1).to(output.dtype);
        }

        return output.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Release(Tensor value) => value.Dispose();

    private static IEnumerable<(string Name, nn.Module Module)> Modules(NetworkOperation operation, ParameterStore store, DropoutGenerator dropout) =>
        operation switch
        {
            TimeEmbeddingOperation time =>
            [
                (TimeFeatures, new TimeFeatureLayer(store, time)),
                (time.First.Name, new Dense(store, time.First)),
                (time.Second.Name, new Dense(store, time.Second)),
            ],
            ClassEmbeddingOperation classes => [(classes.Table.Name, new Table(store, classes.Table))],
            AugmentEmbeddingOperation augment => [(augment.Projection.Name, new Projection(store, augment.Projection))],
            InputConvolutionOperation input => [(input.Convolution.Name, new Conv(store, input.Convolution))],
            ResnetOperation resnet => [(resnet.Name, new ResnetBlock2D(store, resnet, dropout))],
            AttentionOperation attention => [(attention.Name, new AttentionBlock(store, attention))],
            ResampleOperation resample => [(resample.Name, new ResampleConv(store, resample))],
            OutputOperation output => [(output.Norm.Name, new Norm(store, output.Norm)), (output.Convolution.Name, new Conv(store, output.Convolution))],
            _ => [],
        };

    // Channels last, as a contiguous tensor seen through a permutation. Costs nothing where they lie so already.
    private static Tensor Reordered(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // Some operators give the usual order back, 1x1 convolutions among them (decision 0005).
    private Tensor InOrder(Tensor x) => ChannelsLast ? x.Then(Reordered) : x;

    private T Module<T>(string name)
        where T : nn.Module => (T)_modules[name];
}
