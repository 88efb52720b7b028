using System.Globalization;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>Whole numbers with k and M behind them for thousands and millions.</summary>
public static class WholeNumber
{
    /// <summary>Parses 400000, 400k, 1.5M.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The number, 0 or more.</param>
    public static bool TryParse(string text, out long value)
    {
        ArgumentNullException.ThrowIfNull(text);
        var factor = text.Length > 0 ? text[^1] switch { 'k' or 'K' => 1_000L, 'm' or 'M' => 1_000_000, _ => 1 } : 1;
        var digits = factor == 1 ? text : text[..^1];
        var good = decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number <= long.MaxValue / 1_000_000
            && decimal.Truncate(number * factor) == number * factor;
        value = good ? (long)(number * factor) : 0;
        return good;
    }
}
