using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

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

        bool torch;
        using (var file = MappedFile.Open(path))
        {
            torch = TorchFile.Begins(file.Span(0, (int)Math.Min(file.Length, Beginning)));
        }

        return torch ? TorchFile.Open(path, entry) : SafetensorsFile.Open(path);
    }
}
