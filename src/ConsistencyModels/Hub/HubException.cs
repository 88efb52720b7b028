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
