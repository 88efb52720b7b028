using ConsistencyModels.Files;

namespace ConsistencyModels.Cli;

/// <summary>A map of classes as it is given: in words, or as a file that has a class, or some of its folders, on each line.</summary>
internal static class ClassMapWords
{
    /// <summary>What a user is told of it.</summary>
    public const string Help = "name=folder:folder:-folder,name=... (a pattern as the last part: -item/potion/i-*), or a text file with one of these on each line";

    private const long Longest = 1 << 20;

    /// <summary>The map in words: of a file its lines, without empty ones and those that begin with #.</summary>
    /// <param name="option">The option it was given with.</param>
    /// <param name="words">What was given.</param>
    /// <exception cref="ConsistencyModelsException">The file cannot be read, or is no such list.</exception>
    public static string? Read(string option, string? words)
    {
        if (words is null || !File.Exists(words))
        {
            return words;
        }

        string[] lines;
        try
        {
            lines = LinkEnd.InfoOf(words).Length <= Longest ? File.ReadAllLines(words)
                : throw new ConsistencyModelsException($"{option}: {words}: is longer than {Sizes.Bytes(Longest)}; expected a text file with lines such as wall=dngn/wall");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{option}: {words}: cannot be read: {Printable.Line(e.Message)}", e);
        }

        var map = string.Join(',', lines.Select(line => line.Trim().TrimEnd(',')).Where(line => line is not ("" or ['#', ..])));
        return map.Length > 0 && !map.Contains('\0', StringComparison.Ordinal) ? map
            : throw new ConsistencyModelsException($"{option}: {words}: holds no class; expected a text file with lines such as wall=dngn/wall");
    }
}
