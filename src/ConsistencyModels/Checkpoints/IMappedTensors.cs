namespace ConsistencyModels.Checkpoints;

/// <summary>Tensors that are read from mapped files.</summary>
internal interface IMappedTensors
{
    /// <summary>The files; null if there are none after all.</summary>
    IReadOnlyList<MappedFile>? Files { get; }

    /// <summary>What the tensors depend on beside the files' bytes and their own names and shapes.</summary>
    string View { get; }
}
