namespace ConsistencyModels.Hub;

/// <summary>An answer that is not what was asked for, or did not come whole. It is asked for again; never seen by users.</summary>
internal sealed class BrokenAnswerException(string message, Exception? inner = null) : Exception(message, inner);
