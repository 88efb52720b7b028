using System.Globalization;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli.Generating;

/// <summary>What a <c>cm generate</c> command made.</summary>
internal sealed class GenerateReport(
    GenerateSettings settings, GeneratePlan plan, IReadOnlyList<Picture> pictures, TimeSpan loading, TimeSpan generating)
{
    /// <summary>A line for each file, and one about the whole.</summary>
    public void WriteText(CliConsole console)
    {
        foreach (var file in pictures.Select(picture => picture.File).Distinct())
        {
            console.Out.WriteLine(file);
        }

        var seeds = pictures.Count == 1 ? $"seed {plan.Seed}" : $"seeds {plan.Seed} to {plan.SeedOf(plan.Count - 1)}";
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{pictures.Count} picture{(pictures.Count == 1 ? "" : "s")} by {plan.ModelName}, {plan.Steps} step{(plan.Steps == 1 ? "" : "s")}, {seeds}: {generating.TotalSeconds:F1} s, after {loading.TotalSeconds:F1} s for loading"));
    }

    /// <summary>One JSON object.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("model", plan.Folder);
        json.WriteString("version", CommandLineApp.Version);
        json.WriteString("device", settings.Engine.Device);
        json.WriteString("dtype", settings.Engine.DType.FormatName());
        json.WriteNumber("steps", plan.Steps);
        if (settings.Timesteps is { } timesteps)
        {
            json.WriteStartArray("timesteps");
            foreach (var timestep in timesteps)
            {
                json.WriteNumberValue(timestep);
            }

            json.WriteEndArray();
        }

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
                json.WriteString("class_name", plan.Model.ClassNames?[label]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
