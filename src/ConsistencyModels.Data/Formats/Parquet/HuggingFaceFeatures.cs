using System.Text.Json;

namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>
/// What Hugging Face's <c>datasets</c> writes into a parquet file about its columns: under the key <c>huggingface</c>, as JSON,
/// <c>{"info": {"features": {"label": {"names": ["cat", ...], "_type": "ClassLabel"}, ...}}}</c>.
/// </summary>
internal static class HuggingFaceFeatures
{
    /// <summary>The names of the classes of a column; null where the file does not say them.</summary>
    public static string[]? ClassNames(ParquetMetadata metadata, string column)
    {
        if (!metadata.Texts.TryGetValue("huggingface", out string? json))
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement at = document.RootElement;
            foreach (string key in (string[])["info", "features", column, "names"])
            {
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out at))
                {
                    return null;
                }
            }

            return at.ValueKind == JsonValueKind.Array && at.GetArrayLength() > 0 && at.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String)
                ? [.. at.EnumerateArray().Select(name => name.GetString()!)]
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It is a remark beside the data: the labels are there without it.
            return null;
        }
    }
}
