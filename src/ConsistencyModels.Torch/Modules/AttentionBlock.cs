using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>diffusers' Attention as its UNet2DModel uses it: self-attention over pixels, [N, C, H, W] to the same shape.</summary>
internal sealed class AttentionBlock : nn.Module<Tensor, Tensor>
{
    private readonly AttentionOperation _operation;
    private readonly Norm? _norm;
    private readonly Dense _query;
    private readonly Dense _key;
    private readonly Dense _value;
    private readonly Dense _out;

    public AttentionBlock(ParameterStore store, AttentionOperation operation)
        : base(operation.Name)
    {
        _operation = operation;
        if (operation.Norm is { } norm)
        {
            _norm = new(store, norm);
            register_module("group_norm", _norm);
        }

        _query = new(store, operation.Query);
        _key = new(store, operation.Key);
        _value = new(store, operation.Value);
        _out = new(store, operation.Out);
        register_module("to_q", _query);
        register_module("to_k", _key);
        register_module("to_v", _value);
        register_module("to_out", nn.ModuleList(_out));
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3]);
        var flat = input.reshape(batch, channels, height * width);
        var tokens = (_norm is null ? flat : _norm.forward(flat)).transpose(1, 2);
        var queries = Heads(_query.forward(tokens));
        var keys = Heads(_key.forward(tokens));
        var values = Heads(_value.forward(tokens));
        var sum = nn.functional.scaled_dot_product_attention(queries, keys, values)
            .Then(x => x.transpose(1, 2).reshape(batch, height * width, _operation.InnerDim))
            .Then(_out.forward)
            .Then(x => x.transpose(1, 2).reshape(batch, channels, height, width))
            .Then(x => input.Plus(x)); // The sum lies in memory as its first term does: x has the channels last.
        return (_operation.OutputScale == 1 ? sum : sum.Over(_operation.OutputScale)).MoveToOuterDisposeScope();
    }

    // [N, HW, heads·dim] -> [N, heads, HW, dim]
    private Tensor Heads(Tensor x) =>
        x.view(x.shape[0], x.shape[1], _operation.Heads, _operation.HeadDim).transpose(1, 2);
}
