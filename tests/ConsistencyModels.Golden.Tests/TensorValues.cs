using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Between recorded arrays and libtorch's tensors.</summary>
internal static class TensorValues
{
    /// <summary>A recorded float tensor; the caller or its dispose scope disposes it.</summary>
    internal static Tensor Tensor(this GoldenCase golden, string name) =>
        tensor(golden.Floats(name), [.. golden.Shape(name).Select(size => (long)size)]);

    internal static float[] Values(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().contiguous().data<float>().ToArray();
    }
}
