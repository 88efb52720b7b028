using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>What one step learns from. The trainer makes and disposes the tensors; objectives only read them.</summary>
/// <param name="Images">Clean images [N, C, H, W] in [-1, 1].</param>
/// <param name="Labels">[N] int64, or null for unconditional training.</param>
/// <param name="Normals">[N] standard normal draws, from which an objective makes noise levels.</param>
/// <param name="Noise">[N, C, H, W] standard normal draws.</param>
/// <param name="DropoutSeed">Seeds dropout masks: an objective that calls the network twice gives both calls the same mask.</param>
public sealed record TrainingBatch(Tensor Images, Tensor? Labels, Tensor Normals, Tensor Noise, long DropoutSeed);
