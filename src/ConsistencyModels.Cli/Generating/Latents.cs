using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Cli.Generating;

/// <summary>Noise to start from, in a file.</summary>
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

    /// <summary>Writes the noise that images of these seeds start from, for <see cref="Load"/>: what each seed draws first.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="seeds">A seed for each image.</param>
    /// <param name="shape">Channels and size of an image.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<ulong> seeds, ImageShape shape)
    {
        shape = shape.WithBatch(seeds.Count);
        var values = new float[shape.Length];
        for (var i = 0; i < seeds.Count; i++)
        {
            new TorchGenerator(seeds[i]).Randn(values.AsSpan(i * shape.ImageLength, shape.ImageLength));
        }

        OutputFolder.MakeAbove(path);
        SafetensorsWriter.Write(path, [TensorToWrite.FromFloats(Name, [shape.Batch, shape.Channels, shape.Height, shape.Width], values)]);
    }

    /// <summary>Refuses what is not to be written.</summary>
    /// <exception cref="ConsistencyModelsException">The noise is given, or its file is named as no safetensors file is.</exception>
    public static void ThrowIfNotSavable(GenerateSettings settings)
    {
        if (settings.Latents is not null)
        {
            throw new ConsistencyModelsException("--latents gives the noise that --save-latents would write; leave one out");
        }

        if (!string.Equals(Path.GetExtension(settings.SaveLatents), ".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw new ConsistencyModelsException($"--save-latents {settings.SaveLatents}: expected a name that ends in .safetensors");
        }

        if (settings.Out is not null && SamePath.Of(settings.Out, settings.SaveLatents!))
        {
            throw new ConsistencyModelsException($"--save-latents {settings.SaveLatents}: --out is the same file; give another name");
        }

        OutputFolder.ThrowIfFolder("--save-latents", settings.SaveLatents!);
    }
}
