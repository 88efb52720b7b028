using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Drawing;
using ConsistencyModels.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace ConsistencyModels.Server.Documents;

/// <summary>The OpenAPI document, and the page to read it. Apart from an application's own documents.</summary>
internal static class ServerDocument
{
    /// <summary>Name of the document, and of the group of endpoints in it.</summary>
    public const string Name = "consistency-models";

    private static readonly string[] Drawn = ["application/json", "text/event-stream", .. Enum.GetValues<ImageFormat>().Select(DrawResult.MediaTypeOf)];

    /// <summary>Adds the document.</summary>
    public static IServiceCollection AddServerDocument(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description => description.GroupName == Name;
        options.AddDocumentTransformer((document, context, _) =>
        {
            Complete(document, context.ApplicationServices.GetRequiredService<Fields>());
            return Task.CompletedTask;
        });
    });

    /// <summary>Maps openapi.json and reference. The page's script comes from this server, and it asks no other.</summary>
    public static void MapServerDocument(this RouteGroupBuilder group, string prefix)
    {
        group.MapGet("/openapi.json", async (HttpContext context) =>
        {
            var document = await context.RequestServices.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(context.RequestAborted).ConfigureAwait(false);
            return TypedResults.Text(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, context.RequestAborted).ConfigureAwait(false), "application/json");
        }).ExcludeFromDescription();
        group.MapScalarApiReference("/reference", options =>
        {
            options.WithTitle("Consistency models").WithOpenApiRoutePattern($"{prefix}/openapi.json").DisableDefaultFonts().DisableTelemetry().DisableAgent();
            options.ProxyUrl = null;
        });
    }

    private static void Complete(OpenApiDocument document, Fields fields)
    {
        document.Info = new OpenApiInfo { Title = "Consistency models", Version = Drawing.Version.Text, Description = "Pictures by consistency models: drawn, edited, in one or a few steps." };
        document.Servers = [];
        AnswerSchemas.AddTo(document);
        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations ?? []).Select(pair => pair.Value))
        {
            Complete(document, operation, fields);
        }
    }

    private static void Complete(OpenApiDocument document, OpenApiOperation operation, Fields fields)
    {
        var id = operation.OperationId ?? "";
        operation.Tags = null;
        var (status, schema) = id switch
        {
            "models" => ("200", AnswerSchemas.Models),
            "model" => ("200", AnswerSchemas.Model),
            "inspect" => ("200", AnswerSchemas.Inspection),
            "job" => ("200", AnswerSchemas.Job),
            "jobEvents" or "jobImage" => ("200", null),
            "removeJob" => ("204", null),
            _ when id.StartsWith("start", StringComparison.Ordinal) => ("202", AnswerSchemas.Started),
            _ => ("200", AnswerSchemas.Result),
        };
        var answer = new OpenApiResponse { Description = "Done", Content = new Dictionary<string, OpenApiMediaType>() };
        var types = id switch
        {
            "jobEvents" => ["text/event-stream"],
            "jobImage" => [.. Drawn.Skip(2)],
            "removeJob" => [],
            _ when schema == AnswerSchemas.Result => Drawn,
            _ => new[] { "application/json" },
        };
        foreach (var type in types)
        {
            answer.Content[type] = new OpenApiMediaType
            {
                Schema = type == "application/json" ? AnswerSchemas.To(schema!, document) : new OpenApiSchema { Type = JsonSchemaType.String, Format = type.StartsWith("image/", StringComparison.Ordinal) ? "binary" : null },
            };
        }

        operation.Responses = new OpenApiResponses
        {
            [status] = answer,
            ["default"] = new OpenApiResponse
            {
                Description = "What is wrong",
                Content = new Dictionary<string, OpenApiMediaType> { [ProblemJson.MediaType] = new() { Schema = AnswerSchemas.To(AnswerSchemas.Problem, document) } },
            },
        };
        operation.RequestBody = Body(id, fields);
    }

    private static OpenApiRequestBody? Body(string id, Fields fields)
    {
        if (id == "inspect")
        {
            return new() { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["image/png"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } } };
        }

        var name = id.StartsWith("start", StringComparison.Ordinal) ? id["start".Length..] : id;
        Operation? drawn = Enum.GetValues<Operation>().Select(one => (Operation?)one).FirstOrDefault(one => string.Equals(NameOf(one!.Value), name, StringComparison.OrdinalIgnoreCase));
        return drawn is not { } operation ? null : new()
        {
            Required = operation != Operation.Generate,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = FieldSchemas.Of(fields, operation, form: false) },
                ["multipart/form-data"] = new() { Schema = FieldSchemas.Of(fields, operation, form: true) },
            },
        };
    }

    /// <summary>The name of an operation's endpoint.</summary>
    public static string NameOf(Operation operation) => operation == Operation.Generate ? "generate" : $"edit{operation}";
}
