using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Drawing;
using ConsistencyModels.Server.Requests;
using Microsoft.AspNetCore.Http;

namespace ConsistencyModels.Server.Http;

/// <summary>What a PNG says of how it was made: one of this server, or of <c>cm</c>.</summary>
internal sealed class InspectEndpoint(BodyBudget budget)
{
    // What cm writes as it is said in a request; the rest is said in other words there.
    private static readonly string[] Numbers = ["seed", "steps", "sigma_max", "churn", "sigma", "factor", "frames", "scale"];
    private static readonly string[] Lists = ["class", "timesteps", "seeds"];

    /// <summary>POST v1/inspect.</summary>
    public async Task<IResult> InspectAsync(HttpContext context)
    {
        using var share = budget.Open();
        share.Announce(context.Request.ContentLength);
        ReadOnlyMemory<byte> png;
        if (context.Request.HasFormContentType)
        {
            var raw = await new BodyReader(new Fields(new ServerLimits())).ReadAsync(context.Request, Operation.Inpaint, share, context.RequestAborted).ConfigureAwait(false);
            png = raw.Picture("image") ?? throw ProblemException.Of("image", "nothing", "a PNG");
        }
        else
        {
            png = await BodyReader.ReadAllAsync(context.Request.Body, share, context.RequestAborted).ConfigureAwait(false);
        }

        IReadOnlyDictionary<string, string> text;
        try
        {
            text = PngText.Read(png.Span, "image");
        }
        catch (ConsistencyModelsException e)
        {
            throw ProblemException.Of("image", e.Message);
        }

        return AnswerResult.Json(json => Write(json, text));
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string> text)
    {
        json.WriteStartObject();
        json.WriteStartObject("text");
        foreach (var (key, value) in text)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
        var operation = text.GetValueOrDefault(PictureTexts.OperationKey)
            ?? (text.GetValueOrDefault("edit") is { } edit ? $"edit/{edit}" : text.ContainsKey("seed") && text.ContainsKey("steps") ? "generate" : null);
        operation = Fields.OfPath(operation) is null ? null : operation;
        json.WriteString("operation", operation);
        if (operation is null)
        {
            json.WriteNull("request");
        }
        else if (!(text.TryGetValue(PictureTexts.RequestKey, out var request) && TryWrite(json, request)))
        {
            WriteWords(json, text);
        }

        json.WriteEndObject();
    }

    // From outside: an object, or nothing.
    private static bool TryWrite(Utf8JsonWriter json, string request)
    {
        try
        {
            using var document = JsonDocument.Parse(request, new JsonDocumentOptions { MaxDepth = 4 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            json.WritePropertyName("request");
            document.RootElement.WriteTo(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteWords(Utf8JsonWriter json, IReadOnlyDictionary<string, string> text)
    {
        json.WriteStartObject("request");
        foreach (var name in new[] { "model", "sampler", "fit" }.Where(text.ContainsKey))
        {
            json.WriteString(name, text[name]);
        }

        foreach (var name in Numbers.Where(name => text.TryGetValue(name, out var value) && double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)))
        {
            if (ulong.TryParse(text[name], System.Globalization.CultureInfo.InvariantCulture, out var whole))
            {
                json.WriteNumber(name, whole);
            }
            else
            {
                json.WriteNumber(name, double.Parse(text[name], System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        // A class that the seed drew is the seed's to draw again.
        var drawn = text.GetValueOrDefault("class chosen by") == "seed";
        foreach (var name in Lists.Where(name => text.ContainsKey(name) && !(name == "class" && drawn)))
        {
            json.WriteStartArray(name == "class" ? "classes" : name);
            foreach (var part in text[name].Split(',', StringSplitOptions.TrimEntries).Select(part => ulong.TryParse(part, out var number) ? (ulong?)number : null).OfType<ulong>())
            {
                json.WriteNumberValue(part);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
