using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Models;

/// <summary>
/// The noise levels that edits of a model start at where none is given. A model's <c>model_index.json</c> may say them
/// (<c>"_edit_defaults": {"stroke_sigma": 2.5, "variation_sigma": 1.5}</c>; diffusers passes over keys that begin with an underscore).
/// </summary>
/// <param name="StrokeSigma">Of <see cref="Editing.ImageEdit.Stroke"/>: shapes and colours stay, details go. On the scale of [-1, 1].</param>
/// <param name="VariationSigma">Of variations and interpolations of pictures.</param>
public sealed record EditDefaults(double StrokeSigma, double VariationSigma)
{
    internal const string Key = "_edit_defaults";

    private const string StrokeKey = "stroke_sigma";
    private const string VariationKey = "variation_sigma";

    // At 32 pixels; twice the pixels of a side average twice the noise away, so the level grows with the side.
    private const double BaseSize = 32;
    private const double BaseStroke = 1;
    private const double BaseVariation = 0.5;

    /// <summary>Those of a model that says nothing: 1 and 0.5 at 32 pixels, and in proportion to the side of its images.</summary>
    /// <param name="size">The model's size; null for 32 pixels.</param>
    public static EditDefaults Of(ImageSize? size)
    {
        var scale = size is { } pixels ? Math.Min(pixels.Height, pixels.Width) / BaseSize : 1;
        return new(BaseStroke * scale, BaseVariation * scale);
    }

    /// <summary>Writes them into a pipeline's <c>model_index.json</c>; everything else in the file stays.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConsistencyModelsException">It is not there, damaged, of another pipeline, or cannot be written.</exception>
    public void SaveInto(string path) => AtomicFile.WriteAllText(path, (ModelIndex.Load(path) with { EditDefaults = this }).ToJson());

    /// <summary>Reads the key's value; null if it is not what <see cref="ToJson"/> writes.</summary>
    internal static EditDefaults? FromJson(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && Level(value, StrokeKey) is { } stroke && Level(value, VariationKey) is { } variation ? new(stroke, variation) : null;

    /// <summary>The key's value.</summary>
    internal JsonElement ToJson() => ConfigWriter.ElementOf(
    [
        KeyValuePair.Create(StrokeKey, (Action<Utf8JsonWriter>)(writer => writer.WriteNumberValue(StrokeSigma))),
        KeyValuePair.Create(VariationKey, (Action<Utf8JsonWriter>)(writer => writer.WriteNumberValue(VariationSigma))),
    ]);

    private static double? Level(JsonElement value, string key) =>
        value.TryGetProperty(key, out var level) && level.ValueKind == JsonValueKind.Number && level.TryGetDouble(out var sigma) && sigma is > 0 and < 1e6 ? sigma : null;
}
