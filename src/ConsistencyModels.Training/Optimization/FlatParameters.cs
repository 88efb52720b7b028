using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Optimization;

/// <summary>
/// A trainable network's parameters and gradients as two contiguous tensors: the gradients of all parameters are views
/// of one buffer, so an optimizer step or a norm is one vector operation. Owns the gradient buffer, not the parameters.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    /// <summary>Gives every trainable parameter a gradient that is a view of <see cref="Gradients"/>, zero at first.</summary>
    public FlatParameters(UNet2DModel network)
    {
        Values = network.FlatParameters;
        using var scope = NewDisposeScope();
        Gradients = zeros_like(Values).DetachFromDisposeScope();
        long offset = 0;
        foreach (var description in network.Description.Parameters)
        {
            var parameter = network.ParameterNamed(description.Name);
            if (parameter.requires_grad)
            {
                parameter.grad = Gradients.narrow(0, offset, description.Count).view([.. description.Shape]);
            }

            offset += description.Count;
        }
    }

    /// <summary>All parameters; owned by the network.</summary>
    public Tensor Values { get; }

    /// <summary>All gradients in the same order; backward passes add to it.</summary>
    public Tensor Gradients { get; }

    /// <summary>Sets all gradients to zero, keeping the buffer.</summary>
    public void ZeroGradients()
    {
        using var noGrad = no_grad();
        using var result = Gradients.zero_();
    }

    /// <inheritdoc/>
    public void Dispose() => Gradients.Dispose();
}
