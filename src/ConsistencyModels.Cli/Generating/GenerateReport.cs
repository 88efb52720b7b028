using System.Globalization;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli.Generating;

/// <summary>One picture that was made.</summary>
/// <param name="File">Where it is; for a sheet the sheet.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class, or null.</param>
internal sealed record Picture(string File, ulong Seed, int? Label);

/// <summary>What a <c>cm generate</c> command made.</summary>
internal sealed class GenerateReport(
    GenerateSettings settings, GenerateJob job, IReadOnlyList<Picture> pictures, TimeSpan loading, TimeSpan generating)
{
    /// <summary>A line for each file, and one about the whole.</summary>
    public void WriteText(CliConsole console)
    {
        foreach (var file in pictures.Select(picture => picture.File).Distinct())
        {
            console.Out.WriteLine(file);
        }

        var steps = job.Request.Sampler.Steps;
        var seeds = pictures.Count == 1 ? $"seed {job.Seed}" : $"seeds {job.Seed} to {pictures[^1].Seed}";
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{pictures.Count} picture{(pictures.Count == 1 ? "" : "s")} by {settings.Engine.Model.ShortName}, {steps} step{(steps == 1 ? "" : "s")}, {seeds}: {generating.TotalSeconds:F1} s, after {loading.TotalSeconds:F1} s for loading"));
    }

    /// <summary>One JSON object.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("model", job.Path);
        json.WriteString("version", CommandLineApp.Version);
        json.WriteString("device", settings.Engine.Device);
        json.WriteString("dtype", settings.Engine.DType.FormatName());
        json.WriteString("sampler", job.Sampler.Kind.ToString().ToLowerInvariant());
        json.WriteNumber("steps", job.Request.Sampler.Steps);
        json.WriteNumber("network_calls", job.Request.Sampler.NetworkEvaluations);
        if (settings.Timesteps is { } timesteps)
        {
            json.WriteStartArray("timesteps");
            foreach (var timestep in timesteps)
            {
                json.WriteNumberValue(timestep);
            }

            json.WriteEndArray();
        }

        json.WriteNumber("sigma_max", job.Request.Sampler.InitialSigma);
        json.WriteNumber("churn", settings.Churn);
        json.WriteNumber("width", job.Request.Shape.Width);
        json.WriteNumber("height", job.Request.Shape.Height);
        json.WriteNumber("loading_seconds", Math.Round(loading.TotalSeconds, 3));
        json.WriteNumber("generating_seconds", Math.Round(generating.TotalSeconds, 3));
        json.WriteStartArray("images");
        foreach (var picture in pictures)
        {
            json.WriteStartObject();
            json.WriteString("file", picture.File);
            json.WriteNumber("seed", picture.Seed);
            if (picture.Label is { } label)
            {
                json.WriteNumber("class", label);
                json.WriteString("class_name", job.ClassNames?[label]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
