using System.Text;

namespace ConsistencyModels.Files;

/// <summary>What people get in place of a file they fetched: recognised by how it begins, so that a message can say how to get the file itself.</summary>
public static class WrongContent
{
    /// <summary>How many bytes of a file's beginning are enough.</summary>
    public const int Beginning = 256;

    /// <summary>Says what a file is that cannot be what it should be.</summary>
    /// <param name="beginning">Its first bytes, up to <see cref="Beginning"/> of them.</param>
    /// <returns>What it is and what to do, to follow "it is"; null for anything else.</returns>
    public static string? Describe(ReadOnlySpan<byte> beginning)
    {
        if (beginning.StartsWith("version https://git-lfs"u8))
        {
            return "a Git LFS pointer, the contents themselves were not fetched: run `git lfs pull` in its folder";
        }

        // Only the ASCII in it counts.
        var text = Encoding.Latin1.GetString(beginning[..Math.Min(beginning.Length, Beginning)]).TrimStart('\u00ef', '\u00bb', '\u00bf', ' ', '\t', '\r', '\n');
        return Begins(text, "<!doctype html") || Begins(text, "<html") ? "a page of HTML, such as a login or an error in place of a download: fetch it again"
            : Begins(text, "<?xml") ? "an XML document, such as an error in place of a download: fetch it again"
            : null;
    }

    private static bool Begins(string text, string mark) => text.StartsWith(mark, StringComparison.OrdinalIgnoreCase);
}
