using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Networks;

/// <summary>One parameter of a network.</summary>
/// <param name="Name">diffusers' name, for example <c>down_blocks.0.resnets.0.conv1.weight</c>.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Initialization">What it holds before training.</param>
/// <param name="FanIn">Inputs of the layer it belongs to, for <see cref="ParameterInitialization.UniformFanIn"/>; else 0.</param>
/// <param name="EndsResidual">True for the last layer of a residual branch and of the network, which trainers start at zero.</param>
/// <param name="OldName">The name in files of earlier diffusers versions, or null.</param>
public sealed record ParameterDescription(
    string Name,
    IReadOnlyList<long> Shape,
    ParameterInitialization Initialization,
    int FanIn = 0,
    bool EndsResidual = false,
    string? OldName = null)
{
    /// <summary>Dimensions.</summary>
    public IReadOnlyList<long> Shape { get; init => field = ValueList<long>.Of(value); } = ValueList<long>.Of(Shape);

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            var count = 1L;
            for (var i = 0; i < Shape.Count; i++)
            {
                count = checked(count * Shape[i]);
            }

            return count;
        }
    }
}

/// <summary>What a fresh parameter holds.</summary>
public enum ParameterInitialization
{
    /// <summary>Uniform in ±1/√fan_in, PyTorch's default for convolutions and linear layers and their biases.</summary>
    UniformFanIn,

    /// <summary>Ones: normalization weights.</summary>
    One,

    /// <summary>Zeros: normalization biases.</summary>
    Zero,

    /// <summary>Standard normal: embeddings.</summary>
    Normal,

    /// <summary>Normal with standard deviation 16: the frequencies of a Fourier time embedding.</summary>
    NormalTimes16,
}

/// <summary>Whether a checkpoint holds the parameters of a network.</summary>
public static class NetworkWeights
{
    /// <summary>Compares a checkpoint's tensors with a network's parameters, under today's names or those before diffusers 0.18.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">The checkpoint; only its header is looked at.</param>
    /// <returns>For each parameter the name it is stored under.</returns>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape: all are listed.</exception>
    public static IReadOnlyDictionary<string, string> Check(UNet2DDescription network, ITensorSource weights)
    {
        ArgumentNullException.ThrowIfNull(network);
        return StrictTensors.Check(
            weights,
            network.Parameters.Select(parameter => (parameter.Name, parameter.Shape)),
            network.Parameters.Where(parameter => parameter.OldName is not null).ToDictionary(parameter => parameter.OldName!, parameter => parameter.Name));
    }

    /// <summary>The same by the network's configuration.</summary>
    /// <param name="config">The network.</param>
    /// <param name="weights">The checkpoint; only its header is looked at.</param>
    /// <returns>For each parameter the name it is stored under.</returns>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape: all are listed.</exception>
    /// <exception cref="ConsistencyModelsException">The configuration is refused.</exception>
    public static IReadOnlyDictionary<string, string> Check(UNet2DConfig config, ITensorSource weights) => Check(UNet2DDescription.Of(config), weights);
}
