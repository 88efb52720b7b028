namespace ConsistencyModels.Hub;

/// <summary>The name of a model's repository on the Hub: "organisation/name", or "name" alone.</summary>
public sealed record HubRepositoryId
{
    private const int Longest = 96;

    private HubRepositoryId(string value) => Value = value;

    /// <summary>The name as the Hub writes it.</summary>
    public string Value { get; }

    /// <summary>Its folder's name in the cache: <c>models--organisation--name</c>.</summary>
    internal string FolderName => "models--" + Value.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>Reads a name by the Hub's own rules (huggingface_hub's validate_repo_id). What they allow is also safe as a folder's name.</summary>
    /// <returns>Null if it is not one.</returns>
    public static HubRepositoryId? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        return text.Length <= Longest && parts.Length <= 2 && parts.All(IsPart) && !text.EndsWith(".git", StringComparison.Ordinal)
            ? new HubRepositoryId(text)
            : null;
    }

    /// <summary>Reads a name.</summary>
    /// <exception cref="HubException">It is not one.</exception>
    public static HubRepositoryId Parse(string text) =>
        TryParse(text) ?? throw new HubException($"{Printable.Quote(text)}: not a repository's name, expected organisation/name");

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static bool IsPart(string part) =>
        part.Length > 0
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        && part[0] is not ('-' or '.') && part[^1] is not ('-' or '.')
        && !part.Contains("--", StringComparison.Ordinal) && !part.Contains("..", StringComparison.Ordinal);
}
