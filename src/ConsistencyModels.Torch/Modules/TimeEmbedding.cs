using ConsistencyModels.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>Timesteps [N] to features [N, D]: diffusers' Timesteps (sinusoids) or GaussianFourierProjection.</summary>
internal sealed class TimeEmbedding : nn.Module<Tensor, Tensor>
{
    private const double LongestPeriod = 10_000;
    private readonly int _width;
    private readonly int _freqShift;
    private readonly bool _cosinesFirst;
    private readonly Parameter? _fourier;

    public TimeEmbedding(ParameterStore store, UNet2DConfig config)
        : base("time_proj")
    {
        _width = config.BlockOutChannels[0];
        _freqShift = config.FreqShift;
        _cosinesFirst = config.FlipSinToCos;
        if (config.TimeEmbeddingType == "fourier")
        {
            _fourier = store["time_proj.weight"];
            register_parameter("weight", _fourier);
        }
    }

    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        if (_fourier is not null)
        {
            var angles = timesteps.log().unsqueeze(1) * _fourier.to(ScalarType.Float32).unsqueeze(0) * (2 * Math.PI);
            return cat([angles.sin(), angles.cos()], dim: -1).MoveToOuterDisposeScope();
        }

        var half = _width / 2;
        var exponent = arange(half, dtype: ScalarType.Float32, device: timesteps.device) * (-Math.Log(LongestPeriod) / (half - _freqShift));
        var phases = timesteps.unsqueeze(1) * exponent.exp().unsqueeze(0);
        var parts = _cosinesFirst ? new[] { phases.cos(), phases.sin() } : [phases.sin(), phases.cos()];
        var features = cat(parts, dim: -1);
        return (_width % 2 == 0 ? features : nn.functional.pad(features, (0L, 1L))).MoveToOuterDisposeScope();
    }
}
