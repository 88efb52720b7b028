using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ConsistencyModels.Server.Requests;

/// <summary>Reads the body of a request: JSON, or multipart with files. Bounded in bytes, parts, fields and depth.</summary>
internal sealed class BodyReader(Fields fields)
{
    private const int Block = 16 * 1024;
    private const int MostParts = 64;
    private const int Depth = 4;
    private const string RequestPart = "request";

    /// <summary>Reads it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="operation">What it is for.</param>
    /// <param name="share">Pays for the bytes.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="ProblemException">It is too large, of another type, or not what it says it is.</exception>
    public async Task<RawRequest> ReadAsync(HttpRequest request, Operation operation, BodyBudget.Share share, CancellationToken cancellation)
    {
        var raw = new RawRequest(fields, operation);
        share.Announce(request.ContentLength);
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            if (request.ContentType is null && (await ReadAllAsync(request.Body, share, cancellation).ConfigureAwait(false)).IsEmpty)
            {
                return raw;
            }

            throw WrongType(request.ContentType);
        }

        if (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
        {
            Add(raw, await ReadAllAsync(request.Body, share, cancellation).ConfigureAwait(false), "body");
            return raw;
        }

        if (!type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            throw WrongType(request.ContentType);
        }

        await AddPartsAsync(raw, request.Body, HeaderUtilities.RemoveQuotes(type.Boundary).Value, share, cancellation).ConfigureAwait(false);
        return raw;
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="ProblemException">It is too long.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAllAsync(Stream stream, BodyBudget.Share share, CancellationToken cancellation)
    {
        var block = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            using var all = new MemoryStream();
            int read;
            while ((read = await stream.ReadAsync(block, cancellation).ConfigureAwait(false)) > 0)
            {
                share.Take(read);
                all.Write(block, 0, read);
            }

            return all.TryGetBuffer(out var buffer) ? buffer : default;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private static void Add(RawRequest raw, ReadOnlyMemory<byte> json, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Depth });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw ProblemException.Of(where, Field.Show(document.RootElement), "a JSON object");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                raw.Add(property.Name, property.Value);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is the reader's own for a text that is not UTF-16.
            throw ProblemException.Of(where, $"something else ({Printable.Line(e.Message)})", "a JSON object");
        }
    }

    private static async Task AddPartsAsync(RawRequest raw, Stream body, string? boundary, BodyBudget.Share share, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(boundary) || boundary.Length > 100)
        {
            throw ProblemException.Of("body", "multipart without a boundary", "one of 1 to 100 characters in Content-Type");
        }

        try
        {
            var reader = new MultipartReader(boundary, body) { HeadersCountLimit = 16, HeadersLengthLimit = 8192 };
            for (var count = 0; await reader.ReadNextSectionAsync(cancellation).ConfigureAwait(false) is { } part; count++)
            {
                if (count == MostParts)
                {
                    throw ProblemException.Of("body", $"more than {MostParts} parts", $"at most {MostParts}");
                }

                var name = part.GetContentDispositionHeader() is { } disposition ? HeaderUtilities.RemoveQuotes(disposition.Name).Value : null;
                if (string.IsNullOrEmpty(name))
                {
                    throw ProblemException.Of("body", "a part without a name", "parts of form-data with the names of fields");
                }

                var content = await ReadAllAsync(part.Body, share, cancellation).ConfigureAwait(false);
                if (name == RequestPart)
                {
                    Add(raw, content, RequestPart);
                }
                else if (raw.Find(name).Kind == FieldKind.Picture)
                {
                    raw.Add(name, content);
                }
                else
                {
                    AddText(raw, name, Encoding.UTF8.GetString(content.Span));
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException || (e is IOException && e is not BadHttpRequestException))
        {
            throw ProblemException.Of("body", $"multipart that cannot be read ({Printable.Line(e.Message)})", "multipart/form-data");
        }
    }

    // A form has texts only: the field says what a text stands for.
    private static void AddText(RawRequest raw, string name, string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteValue(json, raw.Find(name).Kind, text.Trim());
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        raw.Add(name, document.RootElement);
    }

    private static void WriteValue(Utf8JsonWriter json, FieldKind kind, string text)
    {
        switch (kind)
        {
            case FieldKind.Whole or FieldKind.Number when IsNumber(text):
                json.WriteRawValue(text);
                break;
            case FieldKind.Flag when text is "true" or "false":
                json.WriteBooleanValue(text == "true");
                break;
            case FieldKind.Seeds or FieldKind.Wholes or FieldKind.Classes:
                json.WriteStartArray();
                foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
                {
                    WriteValue(json, kind == FieldKind.Wholes ? FieldKind.Whole : FieldKind.Text, part);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(text);
                break;
        }
    }

    private static bool IsNumber(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.BytesConsumed == Encoding.UTF8.GetByteCount(text);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ProblemException WrongType(string? found) =>
        ProblemException.Of("Content-Type", found is null ? "none" : $"'{found}'", "application/json or multipart/form-data", 415);
}
