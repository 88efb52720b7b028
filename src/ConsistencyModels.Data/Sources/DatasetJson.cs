using System.Globalization;
using System.Text.Json;

namespace ConsistencyModels.Data.Sources;

/// <summary>
/// The dataset.json of EDM's and StyleGAN's archives (dataset_tool.py): <c>{"labels": [["00000/img00000000.png", 6], ...]}</c>, or null
/// for labels where there are none.
/// </summary>
internal static class DatasetJson
{
    public const string FileName = "dataset.json";

    /// <summary>The labels of all images of a source.</summary>
    /// <exception cref="ConsistencyModelsException">The text is not such a list, or an image is not in it.</exception>
    public static ClassAssignment Assign(byte[] json, IImageSource source)
    {
        string name = $"{source.Name}/{FileName}";
        int[] members = [.. Enumerable.Range(0, source.Paths.Count)];
        if (Read(json, name) is not { } known)
        {
            return new(members, new int[members.Length], ["."], EmptyClasses.Keep);
        }

        int[] labels = new int[members.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = known.TryGetValue(source.Paths[i], out int label)
                ? label
                : throw new ConsistencyModelsException($"{name}: has no label for {Printable.Quote(source.Paths[i])}.");
        }

        return new(members, labels, NumberNames(labels, name), EmptyClasses.Keep);
    }

    /// <summary>Names for classes that have none: 0 to the largest label.</summary>
    /// <exception cref="ConsistencyModelsException">A label is negative or above 999,999.</exception>
    public static string[] NumberNames(ReadOnlySpan<int> labels, string name)
    {
        const int Most = 999_999;
        int largest = 0;
        foreach (int label in labels)
        {
            largest = label is >= 0 and <= Most
                ? Math.Max(largest, label)
                : throw new ConsistencyModelsException($"{name}: a label is {label}; expected 0 to {Most}.");
        }

        return [.. Enumerable.Range(0, largest + 1).Select(i => i.ToString(CultureInfo.InvariantCulture))];
    }

    private static Dictionary<string, int>? Read(byte[] json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("labels", out JsonElement labels))
            {
                throw new ConsistencyModelsException($"{name}: has no 'labels'.");
            }

            if (labels.ValueKind == JsonValueKind.Null)
            {
                return null;
            }

            Dictionary<string, int> known = new(StringComparer.Ordinal);
            foreach (JsonElement pair in labels.ValueKind == JsonValueKind.Array ? labels.EnumerateArray() : throw Unexpected(labels, name))
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.String
                    || pair[1].ValueKind != JsonValueKind.Number || !pair[1].TryGetInt32(out int label))
                {
                    throw Unexpected(pair, name);
                }

                known[pair[0].GetString()!.Replace('\\', '/')] = label;
            }

            return known;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter for text that is not UTF-8 inside a string.
            throw new ConsistencyModelsException($"{name}: is not JSON: {Printable.Line(e.Message)}", e);
        }
    }

    private static ConsistencyModelsException Unexpected(JsonElement element, string name) =>
        new($"{name}: in 'labels' is {Printable.Line(element.GetRawText(), 80)}; expected [\"path\", class] with a whole number.");
}
