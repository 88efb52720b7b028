using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>A preconditioned network D on tensors: noisy images and their noise levels to clean images.</summary>
/// <param name="x">[N, C, H, W], an image plus sigma times unit noise.</param>
/// <param name="sigma">[N], noise levels of at least 0.</param>
/// <param name="labels">[N] int64, or null.</param>
/// <returns>[N, C, H, W]; the caller disposes it.</returns>
public delegate Tensor Denoise(Tensor x, Tensor sigma, Tensor? labels);
