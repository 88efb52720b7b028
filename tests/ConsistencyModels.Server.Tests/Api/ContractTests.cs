using System.Globalization;
using System.Net;
using System.Text.Json;
using ConsistencyModels.Imaging;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>The OpenAPI document and the server say the same: each is held against the other.</summary>
public sealed class ContractTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly string Tile = Convert.ToBase64String(ImageEncoder.Encode(TestImages.Noise(32, 32, 3, 1)));

    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Every_endpoint_answers_what_the_document_says()
    {
        var document = await Document();
        var check = new SchemaCheck(document);
        List<string> seen = [];
        using var job = await _server.PostAsync("v1/jobs/generate", "{}");
        var id = (await TestServer.Body(job, HttpStatusCode.Accepted)).GetProperty("id").GetString()!;
        using (var end = await _server.Client.GetAsync($"v1/jobs/{id}/events"))
        {
            await end.Content.ReadAsStringAsync();
        }

        foreach (var (path, method, operation) in Operations(document).OrderBy(one => one.Method == "delete"))
        {
            var address = path["/cm/".Length..].Replace("jobs/{id}", $"jobs/{id}", StringComparison.Ordinal).Replace("{id}", "tiles", StringComparison.Ordinal).Replace("{index}", "0", StringComparison.Ordinal);
            using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), address) { Content = Body(path, operation) };
            using var answer = await _server.Client.SendAsync(request);
            var (status, expected) = operation.GetProperty("responses").EnumerateObject().Where(one => one.Name != "default").Select(one => (one.Name, one.Value)).Single();
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture) == status, $"{method} {path}: {answer.StatusCode} {text}");
            if (answer.Content.Headers.ContentType?.MediaType is { } type)
            {
                var content = expected.GetProperty("content").GetProperty(type);
                Assert.Empty(type == "application/json" ? check.Check(JsonDocument.Parse(text).RootElement, content.GetProperty("schema")).Select(wrong => $"{method} {path} {wrong}") : []);
            }

            seen.Add(operation.GetProperty("operationId").GetString()!);
        }

        Assert.Equal(seen.Distinct(), seen);
        Assert.Superset(new HashSet<string> { "models", "model", "generate", "editInpaint", "editInterpolate", "startGenerate", "startEditStroke", "job", "jobEvents", "jobImage", "removeJob", "inspect" }, seen.ToHashSet());
    }

    [Fact]
    public async Task Each_field_is_refused_outside_of_what_the_document_says()
    {
        var document = await Document();
        var count = 0;
        foreach (var (path, _, operation) in Operations(document).Where(one => one.Operation.TryGetProperty("requestBody", out var body) && body.GetProperty("content").TryGetProperty("application/json", out _)))
        {
            foreach (var field in operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties").EnumerateObject())
            {
                Assert.NotEmpty(field.Value.GetProperty("description").GetString()!);
                foreach (var wrong in Outside(field.Value))
                {
                    using var answer = await _server.PostAsync(path["/cm/".Length..], $$"""{"{{field.Name}}":{{wrong}}}""");
                    var problem = await TestServer.Body(answer, HttpStatusCode.BadRequest);
                    Assert.StartsWith(field.Name, problem.GetProperty("field").GetString(), StringComparison.Ordinal);
                    Assert.Empty(new SchemaCheck(document).Check(problem, document.GetProperty("components").GetProperty("schemas").GetProperty("Problem")));
                    count++;
                }
            }
        }

        Assert.True(count > 300, $"{count}");
    }

    [Fact]
    public async Task A_model_says_what_can_be_asked_of_it()
    {
        using var answer = await _server.Client.GetAsync("v1/models");
        var models = await TestServer.Body(answer, HttpStatusCode.OK);
        var model = models.GetProperty("models")[0];
        foreach (var edit in model.GetProperty("edits").EnumerateObject())
        {
            var steps = edit.Value.GetProperty("steps").GetInt32();
            var more = edit.Name switch
            {
                "inpaint" => ",\"rect\":[1,1,4,4]",
                "denoise" => ",\"sigma\":0.5",
                "interpolate" => $",\"to\":\"{Tile}\"",
                _ => "",
            };
            var result = await _server.DrawAsync($"v1/edit/{edit.Name}", $$"""{"image":"{{Tile}}"{{more}}}""");
            Assert.Equal(steps, result.GetProperty("steps").GetInt32());
            foreach (var member in edit.Value.EnumerateObject().Where(member => member.Name is "sigma" or "count" or "frames" or "factor"))
            {
                Assert.Equal(member.Value.GetDouble(), result.GetProperty("request").GetProperty(member.Name).GetDouble());
            }
        }
    }

    private static IEnumerable<(string Path, string Method, JsonElement Operation)> Operations(JsonElement document) =>
        document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => (path.Name, method.Name, method.Value)));

    /// <summary>The least that an operation takes.</summary>
    private static HttpContent? Body(string path, JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var body))
        {
            return null;
        }

        if (!body.GetProperty("content").TryGetProperty("application/json", out var json))
        {
            return new ByteArrayContent(ImageEncoder.Encode(TestImages.Noise(4, 4, 3, 1))) { Headers = { ContentType = new("image/png") } };
        }

        var fields = json.GetProperty("schema").GetProperty("properties");
        List<string> members = ["\"steps\":1"];
        Add("image", $"\"{Tile}\"");
        Add("to", $"\"{Tile}\"");
        Add("rect", "[1,1,4,4]");
        Add("sigma", "0.5");
        return new StringContent($"{{{string.Join(',', members)}}}", System.Text.Encoding.UTF8, "application/json");

        void Add(string name, string value)
        {
            if (fields.TryGetProperty(name, out _) && path.Contains("/edit/", StringComparison.Ordinal))
            {
                members.Add($"\"{name}\":{value}");
            }
        }
    }

    /// <summary>Values that a schema does not allow.</summary>
    private static IEnumerable<string> Outside(JsonElement schema)
    {
        yield return "{}";
        if (schema.TryGetProperty("minimum", out var low) && low.GetDouble() > 0)
        {
            yield return (low.GetDouble() / 2).ToString(CultureInfo.InvariantCulture);
        }

        if (schema.TryGetProperty("exclusiveMinimum", out var above))
        {
            yield return above.GetRawText();
        }

        if (schema.TryGetProperty("maximum", out var high) && high.GetDouble() < 1e9)
        {
            yield return (high.GetDouble() + 1).ToString(CultureInfo.InvariantCulture);
        }

        if (schema.TryGetProperty("enum", out _))
        {
            yield return "\"none of them\"";
        }

        if (schema.TryGetProperty("minItems", out _))
        {
            yield return "[]";
            yield return "[null]";
        }
    }

    private async Task<JsonElement> Document()
    {
        using var answer = await _server.Client.GetAsync("openapi.json");
        return await TestServer.Body(answer, HttpStatusCode.OK);
    }
}
