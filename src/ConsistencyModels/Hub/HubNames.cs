namespace ConsistencyModels.Hub;

/// <summary>Checks the names that come from a server or a user before they become parts of paths and addresses.</summary>
internal static class HubNames
{
    private const int LongestETag = 128;
    private const int LongestFile = 512;

    /// <summary>Whether a revision names one commit for ever.</summary>
    public static bool IsCommit(string revision) => revision.Length == 40 && revision.All(char.IsAsciiHexDigitLower);

    /// <summary>A header's ETag without quotes and weakness mark, if it can be a file's name; else null.</summary>
    public static string? ETag(string? header)
    {
        var text = header?.Trim();
        text = text?.StartsWith("W/", StringComparison.Ordinal) == true ? text[2..] : text;
        text = text?.Trim('"');
        return text is { Length: > 0 and <= LongestETag } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? text : null;
    }

    /// <summary>Whether an ETag is the hash of a content: on the Hub each is.</summary>
    public static bool IsHash(string etag) => etag.Length is 40 or 64 && etag.All(char.IsAsciiHexDigitLower);

    /// <summary>The parts of a revision: a branch may hold slashes.</summary>
    /// <exception cref="HubException">It could lead out of a folder.</exception>
    public static string[] Revision(string revision) => Parts(revision, "a branch, a tag or a commit");

    /// <summary>The parts of a file's path in a repository.</summary>
    /// <exception cref="HubException">It could lead out of a folder, on any system.</exception>
    public static string[] File(string path) => Parts(path, "a file's path in a repository");

    private static string[] Parts(string path, string expected)
    {
        var parts = path.Split('/');
        return path.Length <= LongestFile && parts.All(IsPlain)
            ? parts
            : throw new HubException($"{Printable.Quote(path)}: a name that leads elsewhere, expected {expected}");
    }

    private static bool IsPlain(string part) =>
        part.Length > 0 && part is not ("." or "..") && !part.Any(c => c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' || char.IsControl(c))
        && part[^1] is not ('.' or ' ');
}
