namespace ConsistencyModels.Hub;

/// <summary>How far the download of a file is.</summary>
/// <param name="File">The file's name in its repository.</param>
/// <param name="Received">Bytes that are on disk, those of an earlier attempt included.</param>
/// <param name="Total">Bytes of the whole file.</param>
public readonly record struct HubProgress(string File, long Received, long Total);
