using Microsoft.OpenApi;

namespace ConsistencyModels.Server.Documents;

/// <summary>The schemas of what the server answers.</summary>
internal static class AnswerSchemas
{
    /// <summary>Name of the schema of a result.</summary>
    public const string Result = "Result";

    /// <summary>Name of the schema of a problem.</summary>
    public const string Problem = "Problem";

    /// <summary>Name of the schema of a job.</summary>
    public const string Job = "Job";

    /// <summary>Name of the schema of a job that has begun.</summary>
    public const string Started = "StartedJob";

    /// <summary>Name of the schema of what there is to draw with.</summary>
    public const string Models = "Models";

    /// <summary>Name of the schema of a model.</summary>
    public const string Model = "Model";

    /// <summary>Name of the schema of what a picture says.</summary>
    public const string Inspection = "Inspection";

    private static readonly string[] Optional = ["class", "class_name", "field", "found", "expected", "result", "error", "sigma", "factor", "factors", "count", "frames"];

    /// <summary>Adds them to a document.</summary>
    public static void AddTo(OpenApiDocument document)
    {
        document.AddComponent(Problem, Object(("type", Text()), ("title", Text()), ("status", Whole()), ("detail", Text()), ("field", Text()), ("found", Text()), ("expected", Text())));
        document.AddComponent("Image", Object(
            ("index", Whole()), ("seed", Long()), ("class", Whole()), ("class_name", OrNull(Text())), ("width", Whole()), ("height", Whole()), ("media_type", Text()), ("data", new OpenApiSchema { Type = JsonSchemaType.String, Format = "byte" }),
            ("equivalents", Lines())));
        document.AddComponent(Result, Object(
            ("id", Text()), ("operation", Text()), ("model", Text()), ("sampler", Text()), ("steps", Whole()), ("network_calls", Whole()), ("width", Whole()), ("height", Whole()),
            ("images", List(To("Image", document))), ("notes", List(Text())), ("queued_ms", Number()), ("total_ms", Number()), ("request", Any()),
            ("equivalents", Lines())));
        document.AddComponent(Started, Object(("id", Text()), ("state", Text())));
        document.AddComponent(Job, Object(
            ("id", Text()), ("state", Text()), ("operation", Text()), ("done", Whole()), ("total", Whole()), ("created", new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" }),
            ("result", To(Result, document)), ("error", To(Problem, document))));
        document.AddComponent("Edit", Object(
            ("steps", Whole()), ("sigma", Number()), ("factor", Whole()), ("factors", List(Whole())), ("count", Whole()), ("frames", Whole())));
        document.AddComponent(Model, Object(
            ("id", Text()), ("kind", Text()), ("state", Text()), ("width", Whole()), ("height", Whole()), ("channels", Whole()), ("size_multiple", Whole()), ("parameter_count", Long()),
            ("classes", OrNull(List(Object(("index", Whole()), ("name", OrNull(Text())))))), ("samplers", List(Text())), ("sampler", Text()), ("steps", Whole()), ("max_steps", Whole()),
            ("sigma_min", Number()), ("sigma_max", Number()),
            ("edits", new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = To("Edit", document) })));
        document.AddComponent(Models, Object(
            ("default", Text()), ("version", Text()), ("models", List(To(Model, document))),
            ("limits", new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = Number() }), ("formats", List(Text()))));
        document.AddComponent(Inspection, Object(
            ("text", new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalProperties = Text() }), ("operation", OrNull(Text())), ("request", OrNull(Any()))));
    }

    /// <summary>A reference to one of them.</summary>
    public static IOpenApiSchema To(string name, OpenApiDocument document) => new OpenApiSchemaReference(name, document);

    private static OpenApiSchema Object(params (string Name, IOpenApiSchema Schema)[] members) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = members.ToDictionary(member => member.Name, member => member.Schema),
        Required = members.Select(member => member.Name).Except(Optional).ToHashSet(),
    };

    private static OpenApiSchema Lines() => Object(("cm", Text()), ("curl", Text()), ("csharp", Text()));

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    private static OpenApiSchema Whole() => new() { Type = JsonSchemaType.Integer, Format = "int32" };

    private static OpenApiSchema Long() => new() { Type = JsonSchemaType.Integer, Format = "uint64" };

    private static OpenApiSchema Number() => new() { Type = JsonSchemaType.Number, Format = "double" };

    private static OpenApiSchema Any() => new() { Type = JsonSchemaType.Object };

    private static OpenApiSchema List(IOpenApiSchema items) => new() { Type = JsonSchemaType.Array, Items = items };

    private static OpenApiSchema OrNull(OpenApiSchema schema)
    {
        schema.Type |= JsonSchemaType.Null;
        return schema;
    }
}
