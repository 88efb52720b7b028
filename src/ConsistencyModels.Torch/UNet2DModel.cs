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
    private readonly NetworkModules _modules;

    /// <summary>
    /// Builds the network; its parameters are uninitialised until <see cref="ParameterFiller"/> fills them. A trainable one
    /// starts in training mode, with dropout, as modules do; another one in evaluation mode.
    /// </summary>
    /// <param name="description">Operations and parameters.</param>
    /// <param name="device">Where the parameters live; null is the CPU.</param>
    /// <param name="dtype">Precision of parameters and activations.</param>
    /// <param name="trainable">Whether parameters record gradients.</param>
    public UNet2DModel(UNet2DDescription description, Device? device = null, ScalarType dtype = ScalarType.Float32, bool trainable = false)
        : this(LoadLibtorch(), description, () => new(description, dtype, device ?? CPU, trainable), trainable)
    {
    }

    /// <summary>The same over parameters that are there: [ParameterCount] values, which the caller keeps alive and disposes.</summary>
    internal UNet2DModel(UNet2DDescription description, Tensor parameters)
        : this(LoadLibtorch(), description, () => new(description, parameters.alias(), trainable: false), trainable: false)
    {
    }

    private UNet2DModel(string name, UNet2DDescription description, Func<ParameterStore> store, bool trainable)
        : base(name)
    {
        Description = description;
        _store = store();
        Dropout = new(_store.Flat.device);
        _modules = new(this, description, _store, Dropout);
        train(trainable);
    }

    /// <summary>The network's operations and parameters.</summary>
    public UNet2DDescription Description { get; }

    /// <summary>All parameters end to end, in the order of <see cref="UNet2DDescription.Parameters"/>; owned by the network.</summary>
    public Tensor FlatParameters => _store.Flat;

    /// <summary>
    /// Whether activations lie with the channels last, which libtorch's CPU convolutions of large networks prefer. Results differ
    /// by rounding only.
    /// </summary>
    public bool ChannelsLast
    {
        get => _modules.ChannelsLast;
        init => _modules.ChannelsLast = value;
    }

    /// <summary>Where dropout masks come from in training mode; owned by the network.</summary>
    public DropoutGenerator Dropout { get; }

    /// <summary>The view of one parameter by diffusers' name; owned by the network.</summary>
    public Parameter ParameterNamed(string name) => _store[name];

    /// <summary>One forward pass. The caller disposes the result.</summary>
    /// <param name="sample">[N, InChannels, H, W] in the network's precision.</param>
    /// <param name="timesteps">[N] float32: c_noise, not truncated to integers.</param>
    /// <param name="classLabels">[N] int64, or null for an unconditional network.</param>
    /// <returns>[N, OutChannels, H, W].</returns>
    public override Tensor forward(Tensor sample, Tensor timesteps, Tensor? classLabels) => forward(sample, timesteps, classLabels, augmentLabels: null);

    /// <summary>The same with augmentation labels. The caller disposes the result.</summary>
    /// <param name="sample">[N, InChannels, H, W] in the network's precision.</param>
    /// <param name="timesteps">[N] float32.</param>
    /// <param name="classLabels">[N] int64, or null for an unconditional network.</param>
    /// <param name="augmentLabels">[N, L] in the network's precision, or null, which is the same as zeros.</param>
    /// <returns>[N, OutChannels, H, W].</returns>
    public Tensor forward(Tensor sample, Tensor timesteps, Tensor? classLabels, Tensor? augmentLabels)
    {
        if (Description.ClassLabels is not null && classLabels is null)
        {
            throw new ArgumentNullException(nameof(classLabels), "This network is class-conditional: labels are needed.");
        }

        if (Description.ClassLabels is null && classLabels is not null)
        {
            throw new ArgumentException("This network has no class embedding: labels mean nothing to it.", nameof(classLabels));
        }

        if (Description.AugmentLabels is null && augmentLabels is not null)
        {
            throw new ArgumentException("This network is not told of augmentation: labels mean nothing to it.", nameof(augmentLabels));
        }

        using var scope = NewDisposeScope();
        var augmentation = augmentLabels ?? (Description.AugmentLabels is { } labels ? zeros([sample.shape[0], labels.Channels], sample.dtype, sample.device) : null);
        return Description.Read(_modules, sample, timesteps, classLabels!, augmentation!).MoveToOuterDisposeScope();
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
}
