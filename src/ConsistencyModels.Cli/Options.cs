using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli;

/// <summary>Options whose errors say what was found and what was expected.</summary>
internal static class Options
{
    private const NumberStyles Plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent;

    private delegate bool Parser<T>(string text, out T value);

    /// <summary>Any text.</summary>
    public static Option<string?> Text(string name, string help, string placeholder, params string[] aliases) =>
        new(name, aliases) { Description = help, HelpName = placeholder };

    /// <summary>On or off.</summary>
    public static Option<bool> Switch(string name, string help, params string[] aliases) => new(name, aliases) { Description = help };

    /// <summary>One of a few words.</summary>
    public static Option<string?> OneOf(string name, string help, params string[] words)
    {
        var option = Parsed(name, help, $"expected {string.Join(", ", words[..^1])} or {words[^1]}", string.Join('|', words), (string text, out string? word) =>
        {
            word = words.FirstOrDefault(w => string.Equals(w, text, StringComparison.OrdinalIgnoreCase));
            return word is not null;
        });
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>A whole number in a range.</summary>
    public static Option<int?> Whole(string name, string help, int low, int high = int.MaxValue, string placeholder = "N", params string[] aliases) =>
        Parsed(name, help, high == int.MaxValue ? $"expected a whole number from {low}" : $"expected a whole number from {low} to {high}", placeholder,
            (string text, out int? value) =>
            {
                value = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= low && number <= high ? number : null;
                return value is not null;
            }, aliases);

    /// <summary>A list of whole numbers, separated by commas; null where nothing is said.</summary>
    public static Option<int[]?> Indices(string name, string help, string example) => new(name)
    {
        Description = help,
        HelpName = "N,...",
        CustomParser = result => List<int>(result, name, null, $"whole numbers such as {example}"),
    };

    /// <summary>The numbers of a list.</summary>
    /// <param name="result">The option's words.</param>
    /// <param name="name">The option.</param>
    /// <param name="count">How many are expected, or null for any number.</param>
    /// <param name="expected">What is expected, in words.</param>
    /// <returns>The numbers; null, with an error, if they are not such a list.</returns>
    public static T[]? List<T>(ArgumentResult result, string name, int? count, string expected)
        where T : struct, IParsable<T>
    {
        var text = result.Tokens[^1].Value;
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var values = new T[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if ((count is not null && parts.Length != count) || !T.TryParse(parts[i], CultureInfo.InvariantCulture, out values[i]))
            {
                result.AddError($"{name} is '{text}', expected {expected}");
                return null;
            }
        }

        return values;
    }

    /// <summary>Width and height in pixels, or one number for both.</summary>
    public static Option<ImageSize?> Size(string name, string help, int most) =>
        Parsed(name, help, $"expected pixels such as 64 or 96x64 (width x height), each from 1 to {most}", "WxH", (string text, out ImageSize? value) =>
        {
            int[] sides = [.. text.Split('x', 'X').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var side) && side <= most ? side : 0)];
            value = sides is [> 0] or [> 0, > 0] ? new ImageSize(sides[^1], sides[0]) : null;
            return value is not null;
        });

    /// <summary>A colour.</summary>
    public static Option<string?> Color(string name, string help) =>
        Parsed(name, help, "expected black, white or a colour such as #ff8000", "COLOR", (string text, out string? value) =>
        {
            value = RgbColor.TryParse(text, out _) ? text : null;
            return value is not null;
        });

    /// <summary>A seed.</summary>
    public static Option<ulong?> Seed(string name, string help) =>
        Parsed(name, help, "expected a whole number, 0 or more", "N", (string text, out ulong? value) =>
        {
            value = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
            return value is not null;
        });

    /// <summary>A count that may be written with k, M or G.</summary>
    public static Option<long?> Count(string name, string help, long low) =>
        Parsed(name, help, $"expected a number from {low} such as 400k or 1.5M", "N", (string text, out long? value) =>
        {
            value = ParseCount(text) is { } number && number >= low ? number : null;
            return value is not null;
        });

    /// <summary>A number above a limit.</summary>
    public static Option<double?> Number(string name, string help, double above, string placeholder = "X") =>
        Number(name, help, FormattableString.Invariant($"above {above}"), placeholder, number => number > above);

    /// <summary>A number from a limit up.</summary>
    public static Option<double?> NumberFrom(string name, string help, double low, double high = double.PositiveInfinity, string placeholder = "X") =>
        Number(
            name,
            help,
            double.IsFinite(high) ? FormattableString.Invariant($"from {low} to {high}") : FormattableString.Invariant($"from {low}"),
            placeholder,
            number => number >= low && number <= high);

    /// <summary>A time: seconds, or a number with s, m or h.</summary>
    public static Option<TimeSpan?> Time(string name, string help) =>
        Parsed(name, help, "expected a time such as 90s, 5m or 2h", "TIME", (string text, out TimeSpan? value) =>
        {
            value = ParseTime(text);
            return value is not null;
        });

    /// <summary>What the library makes of settings that the user gave: what is wrong with one is said with the option's name.</summary>
    /// <param name="make">Makes it; throws an <see cref="ArgumentException"/> with the name of the setting.</param>
    /// <param name="sigma">The option that says a noise level.</param>
    /// <param name="other">The option to name for any other setting.</param>
    /// <param name="timesteps">An example of timesteps.</param>
    /// <exception cref="ConsistencyModelsException">A setting is out of its range or does not fit another or the model.</exception>
    public static T Checked<T>(Func<T> make, string sigma, string other, string timesteps)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e) when (e is not ArgumentNullException && e.ParamName is not null)
        {
            var (option, example) = e.ParamName?.ToLowerInvariant() switch
            {
                "timesteps" => ("--timesteps", $" For example --timesteps {timesteps}"),
                "steps" or "numinferencesteps" => ("--steps", $" For example --steps {timesteps.Count(c => c == ',') + 1}"),
                "sigmamax" or "sigma" => (sigma, ""),
                "churn" => ("--churn", ""),
                _ => (other, ""),
            };
            throw new ConsistencyModelsException($"{option}: {Failure.OfOption(e)}{example}", e);
        }
    }

    /// <summary>"400k" as 400,000; null if the text is not such a number.</summary>
    internal static long? ParseCount(string text)
    {
        var factor = text is "" ? 1 : text[^1] switch { 'k' or 'K' => 1e3, 'm' or 'M' => 1e6, 'g' or 'G' => 1e9, _ => 1 };
        var digits = factor == 1 ? text : text[..^1];
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * factor < 1e15
            ? (long)Math.Round(number * factor)
            : null;
    }

    private static TimeSpan? ParseTime(string text)
    {
        var unit = text is "" ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        var digits = unit == 0 ? text : text[..^1];
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * Math.Max(unit, 1) is > 0 and < 1e8
            ? TimeSpan.FromSeconds(number * Math.Max(unit, 1))
            : null;
    }

    private static Option<double?> Number(string name, string help, string range, string placeholder, Func<double, bool> fits) =>
        Parsed(name, help, $"expected a number {range}", placeholder, (string text, out double? value) =>
        {
            value = double.TryParse(text, Plain, CultureInfo.InvariantCulture, out var number) && fits(number) && double.IsFinite(number) ? number : null;
            return value is not null;
        });

    private static Option<T> Parsed<T>(string name, string help, string expected, string placeholder, Parser<T> parse, params string[] aliases)
    {
        T Convert(ArgumentResult result)
        {
            var text = result.Tokens[^1].Value;
            if (parse(text, out var value))
            {
                return value;
            }

            result.AddError($"{name} is '{text}', {expected}");
            return default!;
        }

        return new Option<T>(name, aliases) { Description = help, HelpName = placeholder, CustomParser = Convert };
    }
}

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary>Classes by name or number. The shell completes the names of the model that is named on the line, or of the bundled one.</summary>
    /// <param name="help">What they are for.</param>
    /// <param name="model">The option that names the model.</param>
    /// <param name="aliases">Other names.</param>
    public static Option<string[]> Classes(string help, Option<string?> model, params string[] aliases)
    {
        var option = new Option<string[]>("--classes", ["-c", .. aliases]) { Description = help, HelpName = "NAME,...", DefaultValueFactory = _ => [] };
        option.CompletionSources.Add(context => ClassChoice.NamesOf(context.ParseResult.GetValue(model)).Append("all").Select(name => new CompletionItem(name)));
        return option;
    }

    /// <summary>Where to compute.</summary>
    public static Option<string?> Device() => Options.Text("--device", "cpu (default), cuda or cuda:N", "DEVICE");

    /// <summary>A precision.</summary>
    public static Option<string?> DType(string help) => Options.OneOf("--dtype", help, "f32", "f16", "bf16");

    /// <summary>What is behind transparent parts.</summary>
    public static Option<string?> Background() => Options.Color("--background", "What is behind transparent parts of pictures: black (default), white, or #rrggbb");

    /// <summary>The colour of a word of <see cref="Background"/>.</summary>
    public static RgbColor ColorOf(string? word) => RgbColor.TryParse(word, out var color) ? color : RgbColor.Black;

    /// <summary>Compute threads.</summary>
    public static Option<int?> Threads() => Options.Whole("--threads", "Compute threads; default: the engine's choice", 1, 4096);

    /// <summary>The element type of a word of <see cref="DType"/>.</summary>
    public static TensorDType DTypeOf(string? word) => word switch
    {
        "f16" => TensorDType.F16,
        "bf16" => TensorDType.BF16,
        _ => TensorDType.F32,
    };
}
