namespace ConsistencyModels;

/// <summary>
/// Something outside the program is wrong: a file, a configuration, a device, an argument of a command.
/// The message is one line of plain text, however hostile the names in it, that names the thing, what was found and what was expected; the command line prints it as it is.
/// </summary>
public class ConsistencyModelsException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public ConsistencyModelsException(string message)
        : base(Printable.Message(message))
    {
    }

    /// <summary>Creates the exception with its one-line message and the failure behind it.</summary>
    public ConsistencyModelsException(string message, Exception inner)
        : base(Printable.Message(message), inner)
    {
    }
}
