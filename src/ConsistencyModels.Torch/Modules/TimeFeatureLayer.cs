using ConsistencyModels.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>Timesteps [N] to features [N, D]: diffusers' Timesteps (sinusoids) or GaussianFourierProjection.</summary>
internal sealed class TimeFeatureLayer : nn.Module<Tensor, Tensor>
{
    private readonly bool _odd;
    private readonly bool _cosinesFirst;
    private readonly Parameter? _fourier;
    private readonly Tensor? _frequencies;

    public TimeFeatureLayer(ParameterStore store, TimeEmbeddingOperation operation)
        : base("time_proj")
    {
        if (operation.Fourier is { } layer)
        {
            _fourier = store[layer.Weight];
            register_parameter("weight", _fourier);
            return;
        }

        _odd = operation.First.Inputs % 2 != 0;
        _cosinesFirst = operation.CosinesFirst;
        using var scope = NewDisposeScope();
        _frequencies = tensor([.. operation.Frequencies], dtype: ScalarType.Float32, device: store.Flat.device)
            .unsqueeze(0).DetachFromDisposeScope();
    }

    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        if (_fourier is not null)
        {
            var angles = (timesteps.log().unsqueeze(1) * _fourier.to(ScalarType.Float32).unsqueeze(0)).Times(2 * Math.PI);
            return cat([angles.sin(), angles.cos()], dim: -1).MoveToOuterDisposeScope();
        }

        var phases = timesteps.unsqueeze(1) * _frequencies!;
        Tensor[] parts = _cosinesFirst ? [phases.cos(), phases.sin()] : [phases.sin(), phases.cos()];
        var features = cat(parts, dim: -1);
        return (_odd ? nn.functional.pad(features, (0L, 1L)) : features).MoveToOuterDisposeScope();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _frequencies?.Dispose();
        }
    }
}
