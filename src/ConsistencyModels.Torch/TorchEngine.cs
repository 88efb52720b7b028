using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Native;

namespace ConsistencyModels.Torch;

/// <summary>Runs networks with libtorch, on the CPU or a CUDA device, in float32, float16 or bfloat16.</summary>
/// <example>
/// <code>
/// using var pipeline = ConsistencyModelPipeline.FromPretrained(
///     "path/to/diffusers-cd_imagenet64_l2", new() { Engine = new TorchEngine(), Device = "cuda" });
/// </code>
/// </example>
public sealed class TorchEngine : ITrainingEngine
{
    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public bool CanRun(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Device == "cpu" || options.Device == "cuda" || options.Device.StartsWith("cuda:", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public bool DependsOnThreads => true;

    /// <inheritdoc/>
    public bool CanTrain(EngineOptions options) => CanRun(options);

    /// <inheritdoc/>
    /// <remarks>It is not known: libtorch takes what it needs as it goes.</remarks>
    public long? StepBytes(UNet2DDescription description, ImageShape batch, EngineOptions options) => null;

    /// <inheritdoc/>
    /// <remarks>
    /// <see cref="EngineOptions.Threads"/> and TF32 on CUDA are libtorch's settings for the whole process: see
    /// <see cref="TorchDevice.Prepare"/>. Cancellation is observed between parameters.
    /// </remarks>
    public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var dtype = TorchTypes.ToCompute(options.DType);
        var device = TorchDevice.Prepare(options.Device, options.Threads);
        var network = new UNet2DModel(UNet2DDescription.Of(config), device, dtype);
        try
        {
            ParameterFiller.Load(network, weights, cancellationToken);
            return new TorchUNet(network);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Threads and TF32 as for <see cref="Load"/>. On a CPU libtorch computes bfloat16 and float16 slowly; and glibc's malloc keeps, for
    /// the whole process, what a step frees for the next one, unless variables of the environment set it up.
    /// </remarks>
    public ITrainableUNet Create(UNet2DDescription description, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(options);
        var dtype = TorchTypes.ToCompute(options.DType);
        var device = TorchDevice.Prepare(options.Device, options.Threads);
        if (device.type == TorchSharp.DeviceType.CPU)
        {
            TrainingMemory.Keep();
        }

        return new TorchTrainableUNet(description, device, dtype);
    }
}
