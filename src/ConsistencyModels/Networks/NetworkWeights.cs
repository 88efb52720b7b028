using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Networks;

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
        var parameters = network.Parameters;
        return StrictTensors.Check(
            weights,
            parameters.Select(parameter => (parameter.Name, parameter.Shape)),
            parameters.Where(parameter => parameter.OldName is not null).ToDictionary(parameter => parameter.OldName!, parameter => parameter.Name));
    }
}
