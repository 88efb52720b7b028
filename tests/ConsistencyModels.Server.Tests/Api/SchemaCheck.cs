using System.Text.Json;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>As much of JSON Schema as the server's document uses.</summary>
internal sealed class SchemaCheck(JsonElement document)
{
    /// <summary>What is wrong with a value; nothing if it fits. What the schema does not name is wrong, too.</summary>
    public IEnumerable<string> Check(JsonElement value, JsonElement schema, string where = "$")
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            schema = Find(reference.GetString()!);
        }

        if (schema.TryGetProperty("type", out var type) && !Types(type).Any(one => Is(value, one)))
        {
            yield return $"{where}: {value.ValueKind}, expected {type}";
            yield break;
        }

        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var wrong in value.EnumerateArray().SelectMany((item, i) => Check(item, items, $"{where}[{i}]")))
            {
                yield return wrong;
            }
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        foreach (var wrong in CheckMembers(value, schema, where))
        {
            yield return wrong;
        }
    }

    /// <summary>What a reference stands for.</summary>
    public JsonElement Find(string reference) => reference.TrimStart('#', '/').Split('/').Aggregate(document, (element, name) => element.GetProperty(name));

    private IEnumerable<string> CheckMembers(JsonElement value, JsonElement schema, string where)
    {
        if (schema.TryGetProperty("required", out var required))
        {
            foreach (var name in required.EnumerateArray().Select(name => name.GetString()!).Where(name => !value.TryGetProperty(name, out _)))
            {
                yield return $"{where}.{name}: missing";
            }
        }

        foreach (var member in value.EnumerateObject())
        {
            if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(member.Name, out var own))
            {
                foreach (var wrong in Check(member.Value, own, $"{where}.{member.Name}"))
                {
                    yield return wrong;
                }
            }
            else if (schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind == JsonValueKind.Object)
            {
                foreach (var wrong in Check(member.Value, others, $"{where}.{member.Name}"))
                {
                    yield return wrong;
                }
            }
            else if (properties.ValueKind == JsonValueKind.Object)
            {
                yield return $"{where}.{member.Name}: not in the schema";
            }
        }
    }

    private static IEnumerable<string> Types(JsonElement type) => type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()!) : [type.GetString()!];

    private static bool Is(JsonElement value, string type) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && (value.TryGetInt64(out _) || value.TryGetUInt64(out _)),
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => value.ValueKind == JsonValueKind.Object,
    };
}
