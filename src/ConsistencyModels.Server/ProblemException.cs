namespace ConsistencyModels.Server;

/// <summary>Why a request gets no picture: what an answer of application/problem+json says.</summary>
internal sealed class ProblemException : Exception
{
    public ProblemException(int status, string detail)
        : base(Printable.Line(detail, 1000))
    {
        Status = status;
    }

    /// <summary>The status of the answer.</summary>
    public int Status { get; }

    /// <summary>What of the request it is about; null for all of it.</summary>
    public string? Field { get; private init; }

    /// <summary>What stood there.</summary>
    public string? Found { get; private init; }

    /// <summary>What should have stood there.</summary>
    public string? Expected { get; private init; }

    /// <summary>When to come again; null for never.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A field that is wrong.</summary>
    public static ProblemException Of(string field, string found, string expected, int status = 400)
    {
        (field, found, expected) = (Printable.Line(field, 100), Printable.Line(found, 200), Printable.Line(expected, 500));
        return new(status, $"{field}: found {found}, expected {expected}") { Field = field, Found = found, Expected = expected };
    }

    /// <summary>A field of which the library says what is wrong with it.</summary>
    public static ProblemException Of(string field, string detail) => new(400, $"{field}: {detail}") { Field = field };
}
