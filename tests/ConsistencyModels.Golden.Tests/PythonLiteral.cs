using System.Text.Json;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// Arguments as Python prints them: dictionaries, lists, tuples, numbers, None and plain strings, without quotes or brackets
/// inside strings other than those of a list of something named.
/// </summary>
internal static class PythonLiteral
{
    /// <summary>The same as JSON; a tuple is a list.</summary>
    internal static JsonElement Parse(string text)
    {
        // Only what stands outside of quotes is changed.
        var parts = text.Split('\'');
        for (var i = 0; i < parts.Length; i += 2)
        {
            parts[i] = parts[i]
                .Replace("None", "null", StringComparison.Ordinal)
                .Replace("True", "true", StringComparison.Ordinal)
                .Replace("False", "false", StringComparison.Ordinal)
                .Replace(",)", "]", StringComparison.Ordinal)
                .Replace('(', '[')
                .Replace(')', ']');
        }

        return GoldenCase.Parse(string.Join('"', parts));
    }
}
