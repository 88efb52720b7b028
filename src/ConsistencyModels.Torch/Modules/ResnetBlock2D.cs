using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>diffusers' ResnetBlock2D: ([N, C, H, W], time embedding [N, T]) to [N, C', H', W'].</summary>
internal sealed class ResnetBlock2D : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly ResnetOperation _operation;
    private readonly DropoutGenerator _dropout;
    private readonly Norm _norm1;
    private readonly Conv _conv1;
    private readonly Dense _time;
    private readonly Norm _norm2;
    private readonly Conv _conv2;
    private readonly Conv? _shortcut;

    public ResnetBlock2D(ParameterStore store, ResnetOperation operation, DropoutGenerator dropout)
        : base(operation.Name)
    {
        _operation = operation;
        _dropout = dropout;
        _norm1 = new(store, operation.Norm1);
        _conv1 = new(store, operation.Conv1);
        _time = new(store, operation.Time);
        _norm2 = new(store, operation.Norm2);
        _conv2 = new(store, operation.Conv2);
        register_module("norm1", _norm1);
        register_module("conv1", _conv1);
        register_module("time_emb_proj", _time);
        register_module("norm2", _norm2);
        register_module("conv2", _conv2);
        if (operation.Shortcut is { } shortcut)
        {
            _shortcut = new(store, shortcut);
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
        if (_operation.Conditioning == TimeConditioning.ScaleAndShift)
        {
            var parts = time.chunk(2, dim: 1);
            hidden = hidden.Then(_norm2.forward).Then(x => x * parts[0].Plus(1)).Then(x => x.Plus(parts[1]));
        }
        else
        {
            hidden = hidden.Then(x => x.Plus(time)).Then(_norm2.forward);
        }

        hidden = hidden.Then(Silu);
        if (_operation.Dropout > 0 && training)
        {
            hidden = hidden.Then(x => _dropout.Apply(x, _operation.Dropout));
        }

        hidden = hidden.Then(_conv2.forward);
        var skip = Resample(input);
        if (_shortcut is not null)
        {
            skip = _shortcut.forward(skip);
        }

        var sum = skip.Plus(hidden);
        return (_operation.OutputScale == 1 ? sum : sum.Over(_operation.OutputScale)).MoveToOuterDisposeScope();
    }

    private static Tensor Silu(Tensor x) => nn.functional.silu(x);

    private Tensor Resample(Tensor x) => _operation.Resampling switch
    {
        Resampling.Down => nn.functional.avg_pool2d(x, [2, 2], [2, 2]),
        Resampling.Up => ResampleConv.Double(x),
        _ => x,
    };
}
