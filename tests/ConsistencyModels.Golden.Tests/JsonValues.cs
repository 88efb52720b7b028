using System.Text.Json;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Short ways to the values in a case's JSON.</summary>
internal static class JsonValues
{
    internal static double[] Doubles(this JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];

    internal static int[] Ints(this JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    /// <summary>A property, or null when it is absent or null.</summary>
    internal static JsonElement? Optional(this JsonElement value, string property) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(property, out var found) && found.ValueKind != JsonValueKind.Null
            ? found
            : null;
}
