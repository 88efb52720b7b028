using System.Text.Json;

namespace ConsistencyModels.Cli.Measuring;

/// <summary>What rounds of a measurement took.</summary>
/// <param name="seconds">Seconds of each round.</param>
internal sealed class RoundTimes(IReadOnlyList<double> seconds)
{
    private readonly double[] _sorted = [.. seconds.Order()];

    /// <summary>Rounds.</summary>
    public int Count => seconds.Count;

    /// <summary>The median, in seconds.</summary>
    public double Median => Quantile(0.5);

    /// <summary>The shortest, in seconds.</summary>
    public double Least => _sorted[0];

    /// <summary>The longest, in seconds.</summary>
    public double Most => _sorted[^1];

    /// <summary>Writes them as properties.</summary>
    /// <param name="json">Where, inside an object.</param>
    /// <param name="all">Whether every round is listed.</param>
    public void WriteTo(Utf8JsonWriter json, bool all)
    {
        json.WriteNumber("rounds", Count);
        json.WriteNumber("seconds_median", Median);
        json.WriteNumber("seconds_lower_quartile", Quantile(0.25));
        json.WriteNumber("seconds_upper_quartile", Quantile(0.75));
        json.WriteNumber("seconds_least", Least);
        json.WriteNumber("seconds_most", Most);
        if (!all)
        {
            return;
        }

        json.WriteStartArray("seconds");
        foreach (var round in seconds)
        {
            json.WriteNumberValue(round);
        }

        json.WriteEndArray();
    }

    // Between the two nearest where it falls between them.
    private double Quantile(double part)
    {
        var at = part * (_sorted.Length - 1);
        var below = (int)at;
        var above = Math.Min(below + 1, _sorted.Length - 1);
        return _sorted[below] + ((at - below) * (_sorted[above] - _sorted[below]));
    }
}
