using System.Globalization;
using ConsistencyModels.Evaluation.Runs;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>What <c>cm evaluate</c> prints.</summary>
internal static class EvaluateReport
{
    /// <summary>A line for each number, and one about the whole.</summary>
    public static void WriteText(Evaluated evaluated, CliConsole console)
    {
        var manifest = evaluated.Manifest;
        foreach (var result in manifest.Results)
        {
            console.Out.WriteLine(Line(result));
        }

        var samples = manifest.Samples;
        var how = !samples.IsModel ? "" : samples.Timesteps is { } timesteps ? $", timesteps {string.Join(',', timesteps)}" : $", {samples.Sampler}, {samples.Steps} step{(samples.Steps == 1 ? "" : "s")}";
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{samples.Count} pictures of {samples.Path}{how}{(samples.IsModel ? $", seeds {samples.Seed} to {samples.Seed + (ulong)samples.Count - 1}" : "")} against {manifest.Reference.Count?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number"} of {manifest.Reference.Path}; extractor {manifest.Extractor.Name} {manifest.Extractor.Sha256[..12]}, {Sizes.Time(evaluated.Elapsed)}"));
    }

    /// <summary>A number as it is shown.</summary>
    public static string Line(EvaluationResult result) => $"{result.Name} {Values(result)}";

    /// <summary>The same without its name.</summary>
    public static string Values(EvaluationResult result) => result.Spread is { } spread ? $"{Number(result.Value)} ± {Number(spread)}" : Number(result.Value);

    /// <summary>Compares a repetition with what it repeats.</summary>
    /// <exception cref="ConsistencyModelsException">A number differs.</exception>
    public static void WriteComparison(EvaluationManifest before, EvaluationManifest now, CliConsole console)
    {
        var differing = before.Results.Where((result, i) => i >= now.Results.Count || now.Results[i] != result).ToArray();
        if (differing.Length == 0 && before.Results.Count == now.Results.Count)
        {
            console.Error.WriteLine($"the same to the last digit: {before.Results.Count} numbers");
            return;
        }

        var (was, found) = (differing[0], now.Results.FirstOrDefault(result => result.Name == differing[0].Name));
        throw new ConsistencyModelsException(string.Create(
            CultureInfo.InvariantCulture,
            $"{differing.Length} of {before.Results.Count} numbers differ; {was.Name} was {was.Value:R} on {before.Processor} with ONNX Runtime {before.Extractor.Runtime}, and is {found?.Value:R} on {now.Processor} with {now.Extractor.Runtime}"));
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) is > 0 and < 0.01 ? "0.00e0" : "0.0000", CultureInfo.InvariantCulture);
}
