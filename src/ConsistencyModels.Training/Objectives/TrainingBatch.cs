using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>What one step, or a part of it, learns from. The trainer makes and disposes the tensors; objectives only read them.</summary>
/// <param name="Images">Clean images [N, C, H, W] in [-1, 1].</param>
/// <param name="Labels">[N] int64, or null for unconditional training.</param>
/// <param name="Normals">[N] standard normal draws, from which an objective makes noise levels.</param>
/// <param name="Noise">[N, C, H, W] standard normal draws.</param>
/// <param name="DropoutSeed">Seeds dropout masks.</param>
public sealed record TrainingBatch(Tensor Images, Tensor? Labels, Tensor Normals, Tensor Noise, long DropoutSeed)
{
    /// <summary>Where the network takes its dropout masks from; null if it has none, or draws them as it likes.</summary>
    public DropoutGenerator? Dropout { get; init; }

    /// <summary>
    /// Puts the source of dropout masks into the state of this batch. Objectives call it before every pass of the network:
    /// masks are then the same in a resumed run, and in two passes over one batch.
    /// </summary>
    public void SeedDropout() => Dropout?.Seed(DropoutSeed);

    /// <summary>
    /// Images [first, first + count) with their draws, as views; the caller disposes them. Only the dropout masks depend on
    /// how a batch is cut: they are drawn for a whole pass.
    /// </summary>
    internal TrainingBatch Slice(int first, int count) => this with
    {
        Images = Images.narrow(0, first, count),
        Labels = Labels?.narrow(0, first, count),
        Normals = Normals.narrow(0, first, count),
        Noise = Noise.narrow(0, first, count),
        DropoutSeed = DropoutSeed + first,
    };

    /// <summary>The same on another device; the caller disposes the copies.</summary>
    internal TrainingBatch To(Device device) => this with
    {
        Images = Images.to(device),
        Labels = Labels?.to(device),
        Normals = Normals.to(device),
        Noise = Noise.to(device),
    };
}
