using System.Globalization;

namespace ConsistencyModels.Cli.Edits;

/// <summary>What a <c>cm edit</c> command made.</summary>
internal sealed class EditReport(EditSettings settings, EditJob job, IReadOnlyList<string> files, TimeSpan loading, TimeSpan editing)
{
    /// <summary>A line for each file, and one about the whole.</summary>
    public void WriteText(CliConsole console)
    {
        foreach (var file in files)
        {
            console.Out.WriteLine(file);
        }

        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{settings.Verb.ToString().ToLowerInvariant()} by {settings.Engine.Model.ShortName}, seed {job.Seed}: {editing.TotalSeconds:F1} s, after {loading.TotalSeconds:F1} s for loading"));
    }

    /// <summary>One JSON object.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("edit", settings.Verb.ToString().ToLowerInvariant());
        json.WriteString("model", job.Path);
        json.WriteString("version", CommandLineApp.Version);
        json.WriteNumber("seed", job.Seed);
        json.WriteNumber("loading_seconds", Math.Round(loading.TotalSeconds, 3));
        json.WriteNumber("editing_seconds", Math.Round(editing.TotalSeconds, 3));
        json.WriteStartArray("files");
        foreach (var file in files)
        {
            json.WriteStringValue(file);
        }

        json.WriteEndArray();
    });
}
