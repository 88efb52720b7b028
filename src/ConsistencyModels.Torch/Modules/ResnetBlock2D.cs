using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>diffusers' ResnetBlock2D: ([N, C, H, W], time embedding [N, T]) to [N, C', H', W'].</summary>
internal sealed class ResnetBlock2D : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly ResnetDescription _description;
    private readonly bool _scaleShift;
    private readonly double _dropout;
    private readonly DropoutGenerator _dropoutGenerator;
    private readonly Norm _norm1;
    private readonly Conv _conv1;
    private readonly Dense _time;
    private readonly Norm _norm2;
    private readonly Conv _conv2;
    private readonly Conv? _shortcut;

    public ResnetBlock2D(ParameterStore store, ResnetDescription description, UNet2DConfig config, DropoutGenerator dropout)
        : base(description.Name)
    {
        _description = description;
        _scaleShift = config.ResnetTimeScaleShift == "scale_shift";
        _dropout = config.Dropout;
        _dropoutGenerator = dropout;
        var name = description.Name;
        _norm1 = new(store, $"{name}.norm1", config.NormNumGroups, config.NormEps);
        _conv1 = new(store, $"{name}.conv1");
        _time = new(store, $"{name}.time_emb_proj");
        _norm2 = new(store, $"{name}.norm2", config.NormNumGroups, config.NormEps);
        _conv2 = new(store, $"{name}.conv2");
        register_module("norm1", _norm1);
        register_module("conv1", _conv1);
        register_module("time_emb_proj", _time);
        register_module("norm2", _norm2);
        register_module("conv2", _conv2);
        if (description.HasShortcut)
        {
            _shortcut = new(store, $"{name}.conv_shortcut", padding: 0);
            register_module("conv_shortcut", _shortcut);
        }
    }

    /// <param name="input">[N, C, H, W].</param>
    /// <param name="activatedTime">SiLU of the time embedding: the same for every block, so it is computed once.</param>
    public override Tensor forward(Tensor input, Tensor activatedTime)
    {
        using var scope = NewDisposeScope();
        var hidden = _norm1.forward(input).Then(Silu).Then(Resample).Then(_conv1.forward);
        var time = _time.forward(activatedTime).unsqueeze(-1).unsqueeze(-1);
        if (_scaleShift)
        {
            var parts = time.chunk(2, dim: 1);
            hidden = hidden.Then(_norm2.forward).Then(x => x * parts[0].Plus(1)).Then(x => x.Plus(parts[1]));
        }
        else
        {
            hidden = hidden.Then(x => x.Plus(time)).Then(_norm2.forward);
        }

        hidden = hidden.Then(Silu);
        if (_dropout > 0 && training)
        {
            hidden = hidden.Then(x => _dropoutGenerator.Apply(x, _dropout));
        }

        hidden = hidden.Then(_conv2.forward);
        var skip = Resample(input);
        if (_shortcut is not null)
        {
            skip = _shortcut.forward(skip);
        }

        var sum = skip.Plus(hidden);
        return (_description.OutputScale == 1 ? sum : sum.Over(_description.OutputScale)).MoveToOuterDisposeScope();
    }

    private static Tensor Silu(Tensor x) => nn.functional.silu(x);

    private Tensor Resample(Tensor x) => _description.Resample switch
    {
        ResampleKind.Down => nn.functional.avg_pool2d(x, [2, 2], [2, 2]),
        ResampleKind.Up => Resampling.Double(x),
        _ => x,
    };
}
