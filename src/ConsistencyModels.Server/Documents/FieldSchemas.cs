using System.Text.Json.Nodes;
using ConsistencyModels.Server.Requests;
using Microsoft.OpenApi;

namespace ConsistencyModels.Server.Documents;

/// <summary>The schema of a request, of the same fields that check it.</summary>
internal static class FieldSchemas
{
    /// <summary>The schema of an operation's request.</summary>
    /// <param name="fields">All fields.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="form">Whether it is for multipart, where pictures are files and lists are separated by commas.</param>
    public static OpenApiSchema Of(Fields fields, Operation operation, bool form)
    {
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            AdditionalPropertiesAllowed = false,
            Properties = new Dictionary<string, IOpenApiSchema>(),
        };
        foreach (var field in fields.Of(operation))
        {
            schema.Properties[field.Name] = Of(field, form);
        }

        return schema;
    }

    private static OpenApiSchema Of(Field field, bool form)
    {
        var schema = field.Kind switch
        {
            FieldKind.Picture => form
                ? new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" }
                : new OpenApiSchema { Type = JsonSchemaType.String, Format = "byte" },
            FieldKind.Word => new() { Type = JsonSchemaType.String, Enum = [.. field.Words.Select(word => (JsonNode)JsonValue.Create(word))] },
            FieldKind.Whole => Numbers(new() { Type = JsonSchemaType.Integer, Format = "int32" }, field),
            FieldKind.Number => Numbers(new() { Type = JsonSchemaType.Number, Format = "double" }, field),
            FieldKind.Flag => new() { Type = JsonSchemaType.Boolean },
            FieldKind.Seed => Seed(),
            FieldKind.Seeds or FieldKind.Wholes or FieldKind.Classes when form => new() { Type = JsonSchemaType.String },
            FieldKind.Seeds => Items(Seed(), field),
            FieldKind.Classes => Items(new() { Type = JsonSchemaType.String | JsonSchemaType.Integer }, field),
            FieldKind.Wholes => Items(new() { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0" }, field),
            _ => new() { Type = JsonSchemaType.String },
        };
        schema.Description = form && schema is { Type: JsonSchemaType.String } && field.Kind is FieldKind.Seeds or FieldKind.Wholes or FieldKind.Classes
            ? $"{field.Description} Separated by commas."
            : field.Description;
        return schema;
    }

    private static OpenApiSchema Seed() => new() { Type = JsonSchemaType.Integer | JsonSchemaType.String, Format = "uint64", Minimum = "0", Pattern = "^[0-9]+$" };

    private static OpenApiSchema Numbers(OpenApiSchema schema, Field field)
    {
        schema.Maximum = FormattableString.Invariant($"{field.High}");
        if (field.Above)
        {
            schema.ExclusiveMinimum = FormattableString.Invariant($"{field.Low}");
        }
        else
        {
            schema.Minimum = FormattableString.Invariant($"{field.Low}");
        }

        return schema;
    }

    private static OpenApiSchema Items(OpenApiSchema items, Field field) =>
        new() { Type = JsonSchemaType.Array, Items = items, MinItems = Math.Max(1, (int)field.Low), MaxItems = (int)field.High };
}
