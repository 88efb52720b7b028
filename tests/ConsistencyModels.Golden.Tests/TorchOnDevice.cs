using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// The Torch engine on another device, in plain float32. The engine lets a GPU round the factors of products to ten bits
/// (TF32), which the recorded results do not: that is taken back after each load, for the settings are the process's.
/// </summary>
internal sealed class TorchOnDevice(string device) : INetworkEngine
{
    public string Name => $"torch on {device}";

    public bool CanRun(EngineOptions options) => true;

    public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default)
    {
        var network = new TorchEngine().Load(config, weights, options with { Device = device }, cancellationToken);
        backends.cuda.matmul.allow_tf32 = false;
        backends.cudnn.allow_tf32 = false;
        return network;
    }
}
