namespace ConsistencyModels.Hub;

/// <summary>A download failed: the server refused it, could not be reached, or sent something other than it promised. One line; never holds a token.</summary>
public class HubException : ConsistencyModelsException
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public HubException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and the failure behind it.</summary>
    public HubException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>The server cannot be reached at all: what is in the cache may do instead.</summary>
internal sealed class HubUnreachableException(string message, Exception inner) : HubException(message, inner);

/// <summary>A file cannot be kept: the cache may not be written.</summary>
internal sealed class NotStoredException(string message, Exception inner) : HubException(message, inner);

/// <summary>An answer that is not what was asked for, or did not come whole. It is asked for again; never seen by users.</summary>
internal sealed class BrokenAnswerException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The server sends whole files whatever range is asked for. Never seen by users.</summary>
internal sealed class RangesIgnoredException : Exception;
