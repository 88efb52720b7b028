using System.Text.Json;
using System.Text.Json.Nodes;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Copies of the repository's cases with something changed in their JSON, to see what a check notices.</summary>
internal static class ChangedCase
{
    /// <summary>Checks a copy that was changed, which has to fail; what failed comes back.</summary>
    /// <param name="path">The case, from the repository's folder of cases.</param>
    /// <param name="change">Changes the copy's JSON.</param>
    internal static Exception Fails(string path, Action<JsonNode> change)
    {
        var file = Path.Combine(GoldenFolder.InRepository(), path);
        var json = JsonNode.Parse(File.ReadAllText(file))!;
        change(json);
        using var golden = new GoldenCase(file, JsonSerializer.SerializeToElement(json));
        var error = Record.Exception(() => GoldenChecks.Run(golden));
        Assert.True(error is not null, $"{path} passes all the same");
        return error;
    }

    /// <summary>The object at a place such as "args" or "cases.0.what"; the case itself for an empty one.</summary>
    internal static JsonNode At(this JsonNode json, string place)
    {
        foreach (var step in place.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            json = (json is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : json[step])
                ?? throw new InvalidOperationException($"Nothing stands at {place}.");
        }

        return json;
    }

    /// <summary>Another value of the same kind, far enough away to matter.</summary>
    internal static JsonNode Other(string key, JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Array => Raised(value.AsArray()),
        JsonValueKind.String => key + " of another name",
        JsonValueKind.True => false,
        JsonValueKind.False => true,

        // There is a most that a step takes of churn, and a least that r goes down to; ends of a range pass levels on the way.
        _ when key is "s_churn" or "S_churn" or "k" => value.GetValue<double>() * 0.01,
        _ when key is "s_tmin" or "S_min" or "q" => (value.GetValue<double>() * 20) + 1,
        _ when key.EndsWith("max", StringComparison.Ordinal) => value.GetValue<double>() * 0.3,
        _ when value.AsValue().TryGetValue<int>(out var number) && !value.ToJsonString().Contains('.', StringComparison.Ordinal) => number + 1,
        _ => (value.GetValue<double>() * 1.5) + 0.05,
    };

    private static JsonArray Raised(JsonArray list) => [.. list.Select((one, i) => i == 0 ? JsonValue.Create(one!.GetValue<int>() + 1) : one!.DeepClone())];
}
