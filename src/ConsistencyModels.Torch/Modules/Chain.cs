using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>
/// Chains layers so that an activation goes back as soon as the next one is there, as in Python, and not at the end of a
/// dispose scope. What gradients need of it is held by libtorch's graph all the same.
/// </summary>
internal static class Chain
{
    /// <summary>Applies a layer to a tensor that nothing else needs, and disposes that tensor.</summary>
    /// <returns>The layer's result; the tensor itself if the layer returned it.</returns>
    public static Tensor Then(this Tensor x, Func<Tensor, Tensor> layer)
    {
        var result = layer(x);
        if (!ReferenceEquals(result, x))
        {
            x.Dispose();
        }

        return result;
    }
}
