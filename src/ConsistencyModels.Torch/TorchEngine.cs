using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Native;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Runs networks with libtorch, on the CPU or a CUDA device, in float32, float16 or bfloat16.</summary>
public sealed class TorchEngine : INetworkEngine
{
    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options)
    {
        TorchRuntime.EnsureLoaded();
        var dtype = TorchTypes.ToCompute(options.DType);
        var device = TorchDevice.Parse(options.Device);
        if (options.Threads > 0)
        {
            set_num_threads(options.Threads);
        }

        if (device.type == TorchSharp.DeviceType.CUDA)
        {
            // Without TF32 float32 convolutions run several times slower; its 10-bit mantissa is what PyTorch uses for them too.
            backends.cuda.matmul.allow_tf32 = true;
            backends.cudnn.allow_tf32 = true;
        }

        var network = new UNet2DModel(UNet2DDescription.Of(config), device, dtype);
        try
        {
            network.eval();
            ParameterFiller.Load(network, weights);
            return new TorchUNet(network);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
