using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Finds a model's weights in its folder, by the names diffusers gives them.</summary>
public static class WeightFiles
{
    /// <summary>Opens the weights of a model.</summary>
    /// <param name="folder">A model's folder, such as <c>unet/</c>.</param>
    /// <param name="variant">A variant such as "fp16", which must exist; null for the plain files.</param>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="CheckpointException">The folder has no such weights, or they are damaged.</exception>
    public static ITensorSource Open(string folder, string? variant = null)
    {
        var path = Find(folder, variant);
        return path.EndsWith(".json", StringComparison.Ordinal) ? ShardedTensors.Open(path)
            : path.EndsWith(".bin", StringComparison.Ordinal) ? TorchFile.Open(path)
            : SafetensorsFile.Open(path);
    }

    /// <summary>Finds the file to open: an index of shards, a single safetensors file, or a torch file if there is nothing else.</summary>
    /// <param name="folder">A model's folder, such as <c>unet/</c>.</param>
    /// <param name="variant">A variant such as "fp16", which must exist; null for the plain files.</param>
    /// <exception cref="CheckpointException">There is none; the message says what is there instead.</exception>
    public static string Find(string folder, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ThrowIfNoVariant(folder, variant);
        return ModelLayout.Weights(variant).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new CheckpointException(Missing(folder, variant));
    }

    internal static void ThrowIfNoVariant(string folder, string? variant)
    {
        if (variant is not null && !(variant.Length > 0 && variant.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
        {
            throw new CheckpointException($"{folder}: {Printable.Quote(variant)} is not a variant, expected a word such as fp16");
        }
    }

    private static string Missing(string folder, string? variant)
    {
        if (!Directory.Exists(folder))
        {
            return $"{folder}: there is no such folder";
        }

        var there = Directory.EnumerateFiles(folder, ModelLayout.WeightStem + "*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray();
        var found = there.Length == 0 ? "no weights" : string.Join(", ", there.Take(8).Select(Printable.Quote));
        return $"{folder}: found {found}, expected {(variant is null ? ModelLayout.WeightStem : $"{ModelLayout.WeightStem}.{variant}")}.safetensors";
    }
}

/// <summary>Opens a file of tensors whatever its name: safetensors, an index of shards, or what torch.save wrote.</summary>
public static class TensorFiles
{
    private const int Beginning = 16;

    /// <summary>Opens a file by how it begins; only the index of shards is known by its name (<c>.json</c>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="entry">The part of a training checkpoint to take; null chooses (<see cref="TorchFile.Open"/>).</param>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="CheckpointException">It is not there, damaged, or of another kind.</exception>
    public static ITensorSource Open(string path, string? entry = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".json", StringComparison.Ordinal))
        {
            return ShardedTensors.Open(path);
        }

        var file = MappedFile.Open(path);
        return TorchFile.Begins(file.Span(0, (int)Math.Min(file.Length, Beginning))) ? TorchFile.Of(file, entry) : SafetensorsFile.Of(file);
    }
}
