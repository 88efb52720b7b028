namespace ConsistencyModels.Tests.Hub;

/// <summary>A request as it came.</summary>
internal sealed record RawRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    public string? Authorization => Headers.GetValueOrDefault("Authorization");

    public (long From, long To)? Range
    {
        get
        {
            if (Headers.GetValueOrDefault("Range") is not { } text)
            {
                return null;
            }

            var ends = text["bytes=".Length..].Split('-');
            return (long.Parse(ends[0], System.Globalization.CultureInfo.InvariantCulture), long.Parse(ends[1], System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
