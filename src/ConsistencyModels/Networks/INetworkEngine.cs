using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Networks;

/// <summary>Runs networks on some hardware with some library: turns a configuration and weights into an <see cref="IUNet"/>.</summary>
public interface INetworkEngine
{
    /// <summary>The name people choose it by: "torch", "cpu".</summary>
    string Name { get; }

    /// <summary>Whether it has the device and computes in the precision, as far as can be told without loading anything.</summary>
    /// <param name="options">Device and precision.</param>
    bool CanRun(EngineOptions options);

    /// <summary>Loads a network. The weights are copied: <paramref name="weights"/> may be disposed afterwards.</summary>
    /// <param name="config">The network's configuration.</param>
    /// <param name="weights">The tensors, under diffusers' parameter names.</param>
    /// <param name="options">Device and precision.</param>
    /// <param name="cancellationToken">Ends the loading; nothing of the network stays behind.</param>
    /// <exception cref="ConsistencyModelsException">Tensors are missing, unknown or of another shape, or the device is not there.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default);
}
