namespace ConsistencyModels.Hub;

/// <summary>What a server says about a file before it is downloaded.</summary>
/// <param name="Name">Its name, for messages and progress.</param>
/// <param name="Address">Where to get it.</param>
/// <param name="ETag">The name of its content, fit to be a file's name.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Commit">The commit it belongs to; null outside the Hub.</param>
internal sealed record RemoteFile(string Name, Uri Address, string ETag, long Size, string? Commit);
