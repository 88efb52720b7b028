using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Bench.Serving;

/// <summary>An engine whose networks compute nothing: what is left is the server.</summary>
internal sealed class NoNetwork : INetworkEngine
{
    public string Name => "none";

    public bool CanRun(EngineOptions options) => true;

    public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default) => new Network(config);

    private sealed class Network(UNet2DConfig config) : IUNet
    {
        public UNet2DConfig Config => config;

        public void Forward(
            ReadOnlySpan<float> sample, ImageShape shape, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> classLabels, Span<float> output, CancellationToken cancellationToken = default) =>
            sample.CopyTo(output);

        public void Dispose()
        {
        }
    }
}
