using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Server.Jobs;
using Microsoft.AspNetCore.Http;

namespace ConsistencyModels.Server.Http;

/// <summary>Writes a whole answer.</summary>
internal sealed class AnswerResult(Answer answer) : IResult
{
    /// <summary>A JSON object.</summary>
    public static AnswerResult Json(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK, params IReadOnlyList<(string, string)> headers) =>
        new(JsonAnswer(write, status, headers));

    /// <summary>A JSON object as an answer that can be kept.</summary>
    public static Answer JsonAnswer(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK, params IReadOnlyList<(string, string)> headers) =>
        new(status, "application/json", Bytes(write), headers);

    /// <summary>A problem.</summary>
    public static AnswerResult Of(ProblemException problem)
    {
        List<(string, string)> headers = [];
        if (problem.RetryAfter is { } time)
        {
            headers.Add(("Retry-After", Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            headers.Add(("WWW-Authenticate", "Bearer"));
        }

        return new(new(problem.Status, ProblemJson.MediaType, Bytes(json => ProblemJson.Write(json, problem)), headers));
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.MediaType;
        response.ContentLength = answer.Body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        foreach (var (name, value) in answer.Headers)
        {
            response.Headers[name] = value;
        }

        await response.Body.WriteAsync(answer.Body, httpContext.RequestAborted).ConfigureAwait(false);
    }

    private static ReadOnlyMemory<byte> Bytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return buffer.WrittenMemory;
    }
}
