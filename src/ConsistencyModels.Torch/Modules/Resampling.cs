using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>Changes of spatial size without parameters.</summary>
internal static class Resampling
{
    /// <summary>Nearest-neighbour doubling: [N, C, H, W] to [N, C, 2H, 2W].</summary>
    public static Tensor Double(Tensor x) =>
        nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
}
