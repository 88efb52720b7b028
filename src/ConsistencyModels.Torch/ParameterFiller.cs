using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Gives a network's parameters their values: from a checkpoint, or fresh from a generator.</summary>
public static class ParameterFiller
{
    /// <summary>Copies every parameter from a checkpoint, one at a time, so that the weights are in memory once.</summary>
    /// <param name="network">The network to fill.</param>
    /// <param name="source">Tensors under diffusers' names (today's, or those before 0.18); each is converted to the network's precision.</param>
    /// <param name="cancellationToken">Observed between parameters; those already copied stay.</param>
    /// <exception cref="ConsistencyModelsException">Tensors are missing, unknown or of another shape: all are listed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Load(UNet2DModel network, ITensorSource source, CancellationToken cancellationToken = default)
    {
        var names = NetworkWeights.Check(network.Description, source);
        using var noGrad = no_grad();
        foreach (var description in network.Description.Parameters)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var name = names[description.Name];
            Copy(source, name, network.ParameterNamed(description.Name));
            source.Release(name);
        }
    }

    /// <summary>Draws fresh values as PyTorch's default initialisation has them; the generator makes them reproducible.</summary>
    /// <param name="network">The network to fill.</param>
    /// <param name="generator">Source of randomness.</param>
    /// <param name="zeroResiduals">Start the last layer of every residual branch and of the network at zero, as trainers of diffusion models do.</param>
    public static void Initialize(UNet2DModel network, TorchGenerator generator, bool zeroResiduals)
    {
        using var noGrad = no_grad();
        foreach (var description in network.Description.Parameters)
        {
            var values = new float[description.Count];
            FreshValues.Fill(description, generator, zeroResiduals, values);
            using var scope = NewDisposeScope();
            network.ParameterNamed(description.Name).copy_(tensor(values).view([.. description.Shape]));
        }
    }

    private static void Copy(ITensorSource source, string name, Tensor parameter)
    {
        var stored = source.Tensors[name].DType;
        if (parameter.device_type == DeviceType.CPU && stored == TorchTypes.ToStored(parameter.dtype))
        {
            source.Bytes(name).CopyTo(parameter.bytes);
        }
        else if (parameter.device_type == DeviceType.CPU && parameter.dtype == ScalarType.Float32)
        {
            source.CopyTo(name, TensorMemory.Floats(parameter));
        }
        else
        {
            var values = empty(parameter.shape, dtype: ScalarType.Float32);
            source.CopyTo(name, TensorMemory.Floats(values));
            parameter.copy_(values);
        }
    }
}
