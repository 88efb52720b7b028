using Microsoft.AspNetCore.Diagnostics;

namespace ConsistencyModels.Server.Http;

/// <summary>Problems for what no endpoint answers: other paths and methods, bodies that the server itself refuses.</summary>
internal static class Problems
{
    /// <summary>Writes the problem of a status that has no body yet.</summary>
    public static Task WriteAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var problem = http.Response.StatusCode switch
        {
            404 => ProblemException.Of("path", Printable.Quote(http.Request.Path), "one of openapi.json's", 404),
            405 => ProblemException.Of("method", Printable.Quote(http.Request.Method), http.Response.Headers.Allow.ToString(), 405),
            var other => new ProblemException(other, "the request cannot be answered"),
        };
        return AnswerResult.Of(problem).ExecuteAsync(http);
    }
}
