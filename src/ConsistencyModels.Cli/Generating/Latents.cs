using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli.Generating;

/// <summary>Noise to start from, read from a file.</summary>
/// <param name="Values">[N, C, H, W] standard normal numbers.</param>
/// <param name="Shape">Their shape.</param>
internal sealed record Latents(float[] Values, ImageShape Shape)
{
    private const string Name = "latents";

    /// <summary>Reads the tensor "latents" of a safetensors file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The network it is for.</param>
    /// <exception cref="ConsistencyModelsException">The file is damaged, has no such tensor, or one that does not fit the network.</exception>
    public static Latents Load(string path, UNet2DConfig network)
    {
        using var file = SafetensorsFile.Open(path);
        if (!file.Tensors.TryGetValue(Name, out var info))
        {
            var found = file.Tensors.Count == 0 ? "none" : string.Join(", ", file.Tensors.Keys.Order(StringComparer.Ordinal).Take(5));
            throw new ConsistencyModelsException($"{path}: there is no tensor '{Name}'; found {found}");
        }

        var factor = network.SpatialFactor;
        if (info.Shape is not [> 0, var channels, > 0, > 0] || channels != network.InChannels
            || info.Shape[2] % factor != 0 || info.Shape[3] % factor != 0 || info.ElementCount > Array.MaxLength)
        {
            throw new ConsistencyModelsException(
                $"{path}: '{Name}' is [{string.Join(", ", info.Shape)}], expected [N, {network.InChannels}, H, W] with H and W multiples of {factor}");
        }

        var values = new float[info.ElementCount];
        file.CopyTo(Name, values);
        if (values.Any(value => !float.IsFinite(value)))
        {
            throw new ConsistencyModelsException($"{path}: '{Name}' holds NaN or infinity, expected normal numbers");
        }

        return new(values, new((int)info.Shape[0], (int)info.Shape[1], (int)info.Shape[2], (int)info.Shape[3]));
    }
}
