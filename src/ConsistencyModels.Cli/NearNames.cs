namespace ConsistencyModels.Cli;

/// <summary>Names like one that does not exist: what the user may have meant.</summary>
internal static class NearNames
{
    private const int Shown = 5;

    /// <summary>The nearest names, best first; none if nothing comes close.</summary>
    /// <param name="wanted">What was typed.</param>
    /// <param name="names">What there is.</param>
    public static IReadOnlyList<string> Of(string wanted, IEnumerable<string> names)
    {
        var limit = Math.Max(1, wanted.Length / 3);
        return
        [
            .. names.Distinct()
                .Select(name => (Name: name, Distance: Distance(wanted.ToLowerInvariant(), name.ToLowerInvariant())))
                .Where(near => near.Distance <= limit || (wanted.Length > 2 && near.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)))
                .OrderBy(near => near.Distance)
                .Take(Shown)
                .Select(near => near.Name),
        ];
    }

    /// <summary>" Did you mean a, b?", or nothing.</summary>
    public static string Hint(string wanted, IEnumerable<string> names) =>
        Of(wanted, names) is { Count: > 0 } near ? $" Did you mean {string.Join(", ", near)}?" : "";

    // Levenshtein's distance, with two rows of its table.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
