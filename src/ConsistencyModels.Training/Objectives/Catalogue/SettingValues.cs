using System.Globalization;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>Settings by name as text, taken with their types, ranges and defaults; what is taken becomes the objective's identity.</summary>
public sealed class SettingValues
{
    private readonly string _objective;
    private readonly Dictionary<string, string> _given;
    private readonly Dictionary<string, string> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ranges = new(StringComparer.Ordinal);
    private readonly HashSet<string> _paths = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Starts with what was given.</summary>
    /// <param name="objective">The objective's name, for messages.</param>
    /// <param name="given">Names and texts; names without regard to case.</param>
    public SettingValues(string objective, IEnumerable<KeyValuePair<string, string>> given)
    {
        ArgumentNullException.ThrowIfNull(given);
        _objective = objective;
        _given = new(given, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Opens a perceptual distance; null where there is no engine for one.</summary>
    public Func<PerceptualOptions, IImageDistance>? ImageDistances { get; init; }

    /// <summary>Every setting that was taken, with its value as text that is the same in every culture.</summary>
    public IReadOnlyDictionary<string, string> Taken => _taken;

    /// <summary>What each setting may be, for help.</summary>
    public IReadOnlyDictionary<string, string> Ranges => _ranges;

    /// <summary>A number.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">Its default.</param>
    /// <param name="above">It must be greater than this.</param>
    /// <param name="orEqual">Or equal to it.</param>
    /// <exception cref="ConsistencyModelsException">It is no number, or out of range.</exception>
    /// <param name="most">It must not be greater than this.</param>
    public double Number(string name, double fallback, double above = double.NegativeInfinity, bool orEqual = false, double most = double.PositiveInfinity)
    {
        var range = double.IsFinite(most) ? string.Create(CultureInfo.InvariantCulture, $"a number from {above} to {most}") : double.IsInfinity(above) ? "a number" : string.Create(CultureInfo.InvariantCulture, $"a number {(orEqual ? "of at least" : "above")} {above}");
        var value = fallback;
        if (Text(name, range) is { } text
            && (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || !double.IsFinite(value) || !(value > above || (orEqual && value == above)) || value > most))
        {
            throw Bad(name, text, range);
        }

        _taken[name] = value.ToString("R", CultureInfo.InvariantCulture);
        return value;
    }

    /// <summary>A whole number; <c>k</c> and <c>M</c> behind it are thousands and millions.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">Its default.</param>
    /// <param name="least">The least.</param>
    /// <param name="most">The most.</param>
    /// <exception cref="ConsistencyModelsException">It is no whole number, or out of range.</exception>
    public long Whole(string name, long fallback, long least = 0, long most = long.MaxValue)
    {
        var range = most == long.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}";
        var value = fallback;
        if (Text(name, range) is { } text && (!WholeNumber.TryParse(text, out value) || value < least || value > most))
        {
            throw Bad(name, text, range);
        }

        _taken[name] = value.ToString(CultureInfo.InvariantCulture);
        return value;
    }

    /// <summary>One of several words.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">Its default.</param>
    /// <param name="words">What it may be.</param>
    /// <exception cref="ConsistencyModelsException">It is none of them.</exception>
    public string Word(string name, string fallback, params IReadOnlyList<string> words)
    {
        var range = string.Join(" or ", words);
        var value = Text(name, range) ?? fallback;
        _taken[name] = words.FirstOrDefault(word => string.Equals(word, value, StringComparison.OrdinalIgnoreCase)) ?? throw Bad(name, value, range);
        return _taken[name];
    }

    /// <summary>Yes or no.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">Its default.</param>
    /// <exception cref="ConsistencyModelsException">It is neither.</exception>
    public bool Switch(string name, bool fallback) => Word(name, fallback ? "true" : "false", "true", "false") == "true";

    /// <summary>The path of a file. Where a file lies is no part of what the objective is: see <see cref="Identify"/>.</summary>
    /// <param name="name">The setting.</param>
    /// <returns>Null where it was not given.</returns>
    public string? Path(string name)
    {
        _paths.Add(name);
        return Text(name, "a path") is { Length: > 0 } path ? path : null;
    }

    /// <summary>Says what makes a file that was named by its path the one it is, in place of the path.</summary>
    /// <param name="name">The setting of the path.</param>
    /// <param name="identity">A text without spaces that is the same for the same content.</param>
    public void Identify(string name, string identity) => _taken[name] = identity;

    /// <summary>Ends the taking.</summary>
    /// <exception cref="ConsistencyModelsException">Something was given that the objective does not know.</exception>
    public void ThrowIfOthers()
    {
        if (_given.Keys.FirstOrDefault(name => !_taken.Keys.Concat(_paths).Contains(name, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw new ConsistencyModelsException($"{_objective}: there is no setting \"{unknown}\"; expected one of {string.Join(", ", _taken.Keys.Union(_paths, StringComparer.Ordinal).Order(StringComparer.Ordinal))}");
        }
    }

    private string? Text(string name, string range)
    {
        _ranges[name] = range;
        return _given.GetValueOrDefault(name)?.Trim();
    }

    /// <summary>What is wrong with the settings, with the objective's name before it.</summary>
    internal ConsistencyModelsException Bad(string what) => new($"{_objective}: {what}");

    private ConsistencyModelsException Bad(string name, string text, string range) => Bad($"{name} is \"{text}\", expected {range}");
}
