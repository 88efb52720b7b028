namespace ConsistencyModels.Files;

/// <summary>
/// A checkpoint cannot be used: it is damaged, not of the format it claims to be, or does not hold what it should.
/// The message is one line: the file, the key, what was found and what was expected.
/// </summary>
public class CheckpointException : ConsistencyModelsException
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public CheckpointException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and the failure behind it.</summary>
    public CheckpointException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
