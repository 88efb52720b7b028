using System.Globalization;
using ConsistencyModels.Cli.Generating;

namespace ConsistencyModels.Cli.Edits;

/// <summary>What a <c>cm edit</c> command made.</summary>
internal sealed class EditReport(EditSettings settings, EditJob job, IReadOnlyList<WrittenResult> results, TimeSpan loading, TimeSpan editing)
{
    /// <summary>A line for each file, and one about the whole.</summary>
    public void WriteText(CliConsole console)
    {
        foreach (var file in results.Select(result => result.File).Distinct().Where(file => file != PictureFiles.StandardOutput))
        {
            console.Out.WriteLine(file);
        }

        string[] words =
        [
            $"{settings.Verb.ToString().ToLowerInvariant()} by {settings.Engine.Model.ShortName}",
            .. Classes(),
            .. Filled(),
            $"{job.Steps} step{(job.Steps == 1 ? "" : "s")}",
            .. job.Sigma is { } sigma ? [string.Create(CultureInfo.InvariantCulture, $"sigma {sigma}")] : Array.Empty<string>(),
            $"seed {job.Seed}",
        ];
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{string.Join(", ", words)}: {editing.TotalSeconds:F1} s, after {loading.TotalSeconds:F1} s for loading"));
    }

    /// <summary>One JSON object.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("edit", settings.Verb.ToString().ToLowerInvariant());
        json.WriteString("model", job.Path);
        json.WriteString("version", CommandLineApp.Version);
        json.WriteNumber("seed", job.Seed);
        json.WriteNumber("steps", job.Steps);
        if (job.Sigma is { } sigma)
        {
            json.WriteNumber("sigma", sigma);
        }

        json.WriteNumber("loading_seconds", Math.Round(loading.TotalSeconds, 3));
        json.WriteNumber("editing_seconds", Math.Round(editing.TotalSeconds, 3));
        JsonText.Strings(json, "notes", [.. job.ModelNotes, .. job.Notes]);
        JsonText.Strings(json, "files", results.Select(result => result.File).Distinct());
        json.WriteStartArray("results");
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("file", result.File);
            json.WriteString("picture", result.Input?.Path);
            json.WriteNumber("seed", result.Seed);
            if (result.Label is { } label)
            {
                json.WriteNumber("class", label);
                json.WriteString("class_name", job.ClassNames?[label]);
                json.WriteBoolean("class_drawn", job.ClassesAreDrawn);
            }

            if (result.Input?.Filled is { } filled)
            {
                json.WriteNumber("filled", Math.Round(filled, 4));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    // What the seed chose is said: the same picture of another class may be what was wanted.
    private IEnumerable<string> Classes()
    {
        var names = results.Select(result => result.Label).OfType<int>().Distinct().Select(label => ClassChoice.Show(label, job.ClassNames)).ToList();
        if (names.Count > 0)
        {
            yield return $"{(names.Count == 1 ? "class" : "classes")} {string.Join(", ", names)}{(job.ClassesAreDrawn ? " (drawn; --classes chooses)" : "")}";
        }
    }

    private IEnumerable<string> Filled()
    {
        var shares = results.Select(result => result.Input?.Filled).OfType<double>().ToList();
        if (shares.Count > 0)
        {
            var (least, most) = (Percent(shares.Min()), Percent(shares.Max()));
            yield return $"fills {(least == most ? least : $"{least} to {most}")} of the picture";
        }
    }

    private static string Percent(double share) => share is > 0 and < 0.001 ? "less than 0.1%" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#}%");
}
