using System.Globalization;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Imaging;

namespace ConsistencyModels.Cli.Edits;

/// <summary>All that an edited picture carries of how it was made: with the same pictures and words the command makes it again.</summary>
internal static class EditParameters
{
    /// <summary>Keys and texts, for a PNG.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="job">What they came to.</param>
    /// <param name="results">What is in the file: a result, or those of a strip.</param>
    public static Dictionary<string, string> Of(EditSettings settings, EditJob job, IReadOnlyList<(EditInput? Input, EditResult Result)> results)
    {
        var text = new Dictionary<string, string>
        {
            ["Software"] = $"cm {CommandLineApp.Version} (ConsistencyModels for .NET)",
            ["model"] = settings.Engine.Model.ShortName,
            ["edit"] = settings.Verb.ToString().ToLowerInvariant(),
            ["seed"] = string.Join(',', results.Select(one => one.Result.Seed)),
            ["steps"] = Text(job.Steps),
        };
        var pictures = results.Select(one => one.Input).OfType<EditInput>().DistinctBy(input => input.Path).ToList();
        if (pictures.Count > 0)
        {
            text["picture"] = string.Join(", ", (settings.Verb == EditVerb.Interpolate ? job.Inputs : pictures).Select(input => Path.GetFileName(input.Path)));
        }

        if (results[0].Result.Label is not null)
        {
            text["class"] = string.Join(',', results.Select(one => one.Result.Label));
            text["class name"] = string.Join(", ", results.Select(one => ClassChoice.Show(one.Result.Label!.Value, job.ClassNames)));
            text["class chosen by"] = job.ClassesAreDrawn ? "seed" : "user";
        }

        Add("timesteps", settings.Timesteps is { } timesteps ? string.Join(',', timesteps) : null);
        Add("sigma", job.Sigma is { } sigma ? Text(sigma) : null);
        Add("factor", settings.Verb == EditVerb.Superres ? Text(settings.Factor) : null);
        Add("mask", settings.Mask.Sources > 0 ? settings.Mask.Description : null);
        Add("filled", pictures is [{ Filled: { } filled }] ? string.Create(CultureInfo.InvariantCulture, $"{100 * filled:0.#}%") : null);
        Add("colorize", settings.Colorize ? "yes" : null);
        Add("noise added", settings.AddNoise ? "yes" : null);
        Add("frames", settings.Verb == EditVerb.Interpolate ? Text(settings.Frames) : null);
        Add("seeds", settings.Seeds is { } seeds ? string.Join(',', seeds) : null);
        Add("fit", pictures.Exists(input => !input.Fitted.IsExact) ? (pictures[0].Tiled ? FitMode.Tile : settings.Fit ?? FitMode.Crop).ToString().ToLowerInvariant() : null);
        Add("pasted", settings.Paste ? "yes" : null);
        Add("scale", settings.Scale > 1 ? Text(settings.Scale) : null);
        return text;

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                text[key] = value;
            }
        }
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
