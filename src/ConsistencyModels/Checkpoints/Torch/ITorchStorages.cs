using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Where the storages of a torch file lie.</summary>
internal interface ITorchStorages
{
    /// <summary>What torch.save was given.</summary>
    object? Root { get; }

    /// <summary>Whether the storages' elements are big-endian.</summary>
    bool BigEndian { get; }

    /// <summary>Offset in the file of a storage's first element; the whole storage lies within the file.</summary>
    /// <exception cref="CheckpointException">The file has no such storage, or of another length.</exception>
    long Locate(TorchStorage storage);
}
