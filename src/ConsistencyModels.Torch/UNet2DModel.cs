using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Modules;
using ConsistencyModels.Torch.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>
/// diffusers' UNet2DModel as a TorchSharp module: the network F with the parameter names of its checkpoints.
/// All parameters are views of one contiguous tensor, <see cref="FlatParameters"/>. Do not move the module with <c>to()</c>:
/// choose device and precision when it is made.
/// </summary>
public sealed class UNet2DModel : nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly ParameterStore _store;
    private readonly Conv _convIn;
    private readonly TimeEmbedding _timeProj;
    private readonly Dense _linear1;
    private readonly Dense _linear2;
    private readonly Parameter? _classes;
    private readonly List<UNetBlock> _down;
    private readonly UNetBlock? _middle;
    private readonly List<UNetBlock> _up;
    private readonly Norm _normOut;
    private readonly Conv _convOut;

    /// <summary>
    /// Builds the network; its parameters are uninitialised until <see cref="ParameterFiller"/> fills them. A trainable one
    /// starts in training mode, with dropout, as modules do; another one in evaluation mode.
    /// </summary>
    /// <param name="description">Blocks and parameters.</param>
    /// <param name="device">Where the parameters live; null is the CPU.</param>
    /// <param name="dtype">Precision of parameters and activations.</param>
    /// <param name="trainable">Whether parameters record gradients.</param>
    public UNet2DModel(UNet2DDescription description, Device? device = null, ScalarType dtype = ScalarType.Float32, bool trainable = false)
        : base(LoadLibtorch())
    {
        Description = description;
        var config = description.Config;
        _store = new(description, dtype, device ?? CPU, trainable);
        Dropout = new(_store.Flat.device);
        _convIn = new(_store, "conv_in");
        _timeProj = new(_store, config);
        _linear1 = new(_store, "time_embedding.linear_1");
        _linear2 = new(_store, "time_embedding.linear_2");
        _down = [.. description.DownBlocks.Select(block => new UNetBlock(_store, block, config, Dropout))];
        _up = [.. description.UpBlocks.Select(block => new UNetBlock(_store, block, config, Dropout))];
        _middle = description.MidBlock is { } middle ? new UNetBlock(_store, middle, config, Dropout) : null;
        _normOut = new(_store, "conv_norm_out", config.NormNumGroups, config.NormEps);
        _convOut = new(_store, "conv_out");
        register_module("conv_in", _convIn);
        register_module("time_proj", _timeProj);
        register_module("time_embedding", new NamedModules("time_embedding", ("linear_1", _linear1), ("linear_2", _linear2)));
        if (config.NumClassEmbeds is not null)
        {
            _classes = _store["class_embedding.weight"];
            register_module("class_embedding", new NamedParameter("class_embedding", _classes));
        }

        register_module("down_blocks", nn.ModuleList([.. _down]));
        register_module("up_blocks", nn.ModuleList([.. _up]));
        if (_middle is not null)
        {
            register_module("mid_block", _middle);
        }

        register_module("conv_norm_out", _normOut);
        register_module("conv_out", _convOut);
        train(trainable);
    }

    /// <summary>The network's blocks and parameters.</summary>
    public UNet2DDescription Description { get; }

    /// <summary>All parameters end to end, in the order of <see cref="UNet2DDescription.Parameters"/>; owned by the network.</summary>
    public Tensor FlatParameters => _store.Flat;

    /// <summary>
    /// Whether activations lie with the channels last, which libtorch's CPU convolutions of large networks prefer. Results differ
    /// by rounding only.
    /// </summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Where dropout masks come from in training mode; owned by the network.</summary>
    public DropoutGenerator Dropout { get; }

    /// <summary>The view of one parameter by diffusers' name; owned by the network.</summary>
    public Parameter ParameterNamed(string name) => _store[name];

    /// <summary>One forward pass. The caller disposes the result.</summary>
    /// <param name="sample">[N, InChannels, H, W] in the network's precision.</param>
    /// <param name="timesteps">[N] float32: c_noise, not truncated to integers.</param>
    /// <param name="classLabels">[N] int64, or null for an unconditional network.</param>
    /// <returns>[N, OutChannels, H, W].</returns>
    public override Tensor forward(Tensor sample, Tensor timesteps, Tensor? classLabels)
    {
        using var scope = NewDisposeScope();
        var config = Description.Config;
        if (config.CenterInputSample)
        {
            sample = sample.Times(2).Plus(-1);
        }

        var time = EmbedTime(timesteps, classLabels, sample.dtype);
        var hidden = _convIn.forward(ChannelsLast ? Reordered(sample) : sample);
        var skips = new Stack<Tensor>();
        skips.Push(hidden);
        foreach (var block in _down)
        {
            for (var i = 0; i < block.Resnets.Count; i++)
            {
                hidden = Layer(block, i, hidden, time);
                skips.Push(hidden);
            }

            if (block.Resamples)
            {
                hidden = InOrder(block.Resample(hidden, time));
                skips.Push(hidden);
            }
        }

        hidden = Middle(hidden, time);
        foreach (var block in _up)
        {
            for (var i = 0; i < block.Resnets.Count; i++)
            {
                var layer = i;
                hidden = Join(hidden, skips.Pop()).Then(x => Layer(block, layer, x, time));
            }

            if (block.Resamples)
            {
                hidden = InOrder(hidden.Then(x => block.Resample(x, time)));
            }
        }

        var output = hidden.Then(_normOut.forward).Then(x => nn.functional.silu(x)).Then(_convOut.forward);
        if (config.TimeEmbeddingType == "fourier")
        {
            output = output / timesteps.view(-1, 1, 1, 1).to(output.dtype);
        }

        return output.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _store.Dispose();
            Dropout.Dispose();
        }
    }

    // Runs before anything of TorchSharp, the base class included.
    private static string LoadLibtorch()
    {
        TorchRuntime.EnsureLoaded();
        return nameof(UNet2DModel);
    }

    // Disposes both.
    private static Tensor Join(Tensor hidden, Tensor skip)
    {
        using (hidden)
        using (skip)
        {
            return cat([hidden, skip], dim: 1);
        }
    }

    // Channels last, as a contiguous tensor seen through a permutation. Costs nothing where they lie so already.
    private static Tensor Reordered(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // Some operators give the usual order back, 1x1 convolutions among them (decision 0005).
    private Tensor InOrder(Tensor x) => ChannelsLast ? x.Then(Reordered) : x;

    private Tensor Layer(UNetBlock block, int index, Tensor x, Tensor time)
    {
        x = InOrder(block.Resnets[index].forward(x, time));
        return block.Attentions.Count > 0 ? x.Then(block.Attentions[index].forward) : x;
    }

    private Tensor Middle(Tensor x, Tensor time)
    {
        if (_middle is null)
        {
            return x;
        }

        // The input stays: it is the last skip connection too.
        x = InOrder(_middle.Resnets[0].forward(x, time));
        for (var i = 1; i < _middle.Resnets.Count; i++)
        {
            if (_middle.Attentions.Count > 0)
            {
                x = x.Then(_middle.Attentions[i - 1].forward);
            }

            var resnet = _middle.Resnets[i];
            x = x.Then(hidden => resnet.forward(hidden, time));
        }

        return x;
    }

    // Every residual block starts with SiLU of the embedding, so it is applied once here.
    private Tensor EmbedTime(Tensor timesteps, Tensor? classLabels, ScalarType dtype)
    {
        var features = _timeProj.forward(timesteps).to(dtype);
        var embedding = _linear2.forward(nn.functional.silu(_linear1.forward(features)));
        if (_classes is not null)
        {
            var labels = classLabels ?? throw new ArgumentNullException(nameof(classLabels), "This network is class-conditional: labels are needed.");
            embedding = embedding.Plus(_classes.index_select(0, labels));
        }
        else if (classLabels is not null)
        {
            throw new ArgumentException("This network has no class embedding: labels mean nothing to it.", nameof(classLabels));
        }

        return nn.functional.silu(embedding);
    }
}
