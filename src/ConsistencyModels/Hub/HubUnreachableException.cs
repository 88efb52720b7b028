namespace ConsistencyModels.Hub;

/// <summary>The server cannot be reached at all: what is in the cache may do instead.</summary>
internal sealed class HubUnreachableException(string message, Exception inner) : HubException(message, inner);
