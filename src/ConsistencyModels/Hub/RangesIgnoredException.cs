namespace ConsistencyModels.Hub;

/// <summary>The server sends whole files whatever range is asked for. Never seen by users.</summary>
internal sealed class RangesIgnoredException : Exception;
