using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server;

/// <summary>Says what is wrong with options by their keys in the configuration, before anything is served.</summary>
internal sealed class ServerOptionsValidation : IValidateOptions<ServerOptions>
{
    private const string Words = "expected letters, digits, '.', '-' and '_'";

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ServerOptions options)
    {
        List<string> wrong = [];
        if (options.Models.Count == 0)
        {
            wrong.Add($"{Key("Models")}: found none, expected at least one, such as {Key("Models:tiles:Path")}");
        }

        foreach (var (model, settings) in options.Models)
        {
            Check(model.Length is > 0 and <= 100 && model.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'), "Models", model, Words);
            Check(settings.Path.Length > 0, $"Models:{model}:Path", settings.Path, "a folder, a file or a name");
        }

        Check(options.DefaultModel is null || options.Models.ContainsKey(options.DefaultModel), "DefaultModel", options.DefaultModel, $"one of {string.Join(", ", options.Models.Keys)}");
        Check(options.DType is "f32" or "f16" or "bf16", "DType", options.DType, "f32, f16 or bf16");
        Range("Threads", options.Threads, 0, 4096);
        Range("ModelBytes", options.ModelBytes, 0, long.MaxValue);
        Range("PixelsAtOnce", options.PixelsAtOnce, 0, 1 << 28);
        Range("CallsAtOnce", options.CallsAtOnce, 0, 64);
        Check(options.ApiKeys.TrueForAll(key => key.Length >= 8 && key.All(c => c is > ' ' and <= '~')), "ApiKeys", "one that is not", "8 or more printable characters each, without blanks");
        Range("DrainDelay", options.DrainDelay.TotalSeconds, 0, 3600);
        var limits = options.Limits;
        Range("Limits:Requests", limits.Requests, 1, 10_000);
        Range("Limits:Pixels", limits.Pixels, 1, long.MaxValue);
        Range("Limits:Count", limits.Count, 1, 10_000);
        Range("Limits:Frames", limits.Frames, 2, 10_000);
        Range("Limits:Steps", limits.Steps, 1, 10_000);
        Range("Limits:Scale", limits.Scale, 1, 64);
        Range("Limits:ResultPixels", limits.ResultPixels, 1, 1 << 26);
        Range("Limits:PicturePixels", limits.PicturePixels, 1, 1 << 26);
        Range("Limits:BodyBytes", limits.BodyBytes, 1024, 1 << 28);
        Range("Limits:AllBodyBytes", limits.AllBodyBytes, limits.BodyBytes, long.MaxValue);
        Range("Limits:Timeout", limits.Timeout.TotalSeconds, 0.001, 86_400);
        Range("Limits:Kept", limits.Kept.TotalSeconds, 0, 86_400);
        Range("Limits:KeptCount", limits.KeptCount, 0, 1_000_000);
        Range("Limits:KeptBytes", limits.KeptBytes, 0, long.MaxValue);
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Range(string key, double value, double low, double high) =>
            Check(value >= low && value <= high, key, FormattableString.Invariant($"{value}"), FormattableString.Invariant($"{low} to {high}"));

        void Check(bool fine, string key, string? found, string expected)
        {
            if (!fine)
            {
                wrong.Add(Printable.Line($"{Key(key)}: found {(string.IsNullOrEmpty(found) ? "nothing" : found)}, expected {expected}", 1000));
            }
        }
    }

    private static string Key(string key) => $"{ServerOptions.Section}:{key}";
}
