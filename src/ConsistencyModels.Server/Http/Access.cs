using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Http;

/// <summary>Who may ask, and what a request gets that went wrong: around every endpoint under v1/.</summary>
internal sealed partial class Access(IOptions<ServerOptions> options, ServerMetrics metrics, ILogger<Access> logger) : IEndpointFilter
{
    private const string Bearer = "Bearer ";

    private readonly byte[][] _keys = [.. options.Value.ApiKeys.Select(Digest)];
    private readonly HashSet<string> _origins = [.. options.Value.AllowedOrigins.Select(origin => origin.TrimEnd('/'))];

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        try
        {
            ThrowIfForeign(http);
            ThrowIfUnknown(http.Request);
            return await next(context).ConfigureAwait(false);
        }
        catch (ProblemException e)
        {
            return Problem(e);
        }
        catch (BadHttpRequestException e)
        {
            // The server's own: a body that is too large, too slow or cut short.
            return Problem(new ProblemException(e.StatusCode, e.Message));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return new GoneResult();
        }
        catch (Exception e) when (e is ConnectionResetException || (e is IOException && http.RequestAborted.IsCancellationRequested))
        {
            return new GoneResult();
        }
        catch (Exception e)
        {
            LogMistake(e);
            return Problem(new ProblemException(500, "the server made a mistake; its log says more"));
        }
    }

    /// <summary>What a browser asks before a page of another host does: OPTIONS, without a key.</summary>
    public IResult Preflight(HttpContext http)
    {
        try
        {
            ThrowIfForeign(http);
            http.Response.Headers.AccessControlAllowMethods = "GET, POST, DELETE";
            http.Response.Headers.AccessControlAllowHeaders = "Authorization, X-Api-Key, Content-Type, Idempotency-Key, Last-Event-ID";
            return TypedResults.NoContent();
        }
        catch (ProblemException e)
        {
            return Problem(e);
        }
    }

    /// <summary>Which client it is, for what is kept by the client's own words.</summary>
    public static string ClientOf(HttpRequest request) => KeyOf(request) is { } key ? Convert.ToHexString(Digest(key)) : "";

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static string? KeyOf(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim()
            : request.Headers["X-Api-Key"] is { Count: 1 } key ? key.ToString()
            : null;
    }

    // A page of another host must not draw with a server that listens on this machine.
    private void ThrowIfForeign(HttpContext http)
    {
        var request = http.Request;
        if (request.Headers.Origin is not { Count: > 0 } header)
        {
            return;
        }

        var origin = header.ToString();
        if (_origins.Contains(origin))
        {
            // The browser asks whether its page may read the answer.
            http.Response.Headers.AccessControlAllowOrigin = origin;
            http.Response.Headers.AccessControlExposeHeaders = "X-Seed, X-Class, Retry-After, Location";
            http.Response.Headers.Vary = "Origin";
        }
        else if (!(Uri.TryCreate(origin, UriKind.Absolute, out var address) && string.Equals(address.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase)))
        {
            throw ProblemException.Of("Origin", Printable.Quote(origin), "the server's own host, or one of AllowedOrigins", 403);
        }
    }

    private void ThrowIfUnknown(HttpRequest request)
    {
        if (_keys.Length == 0)
        {
            return;
        }

        var digest = Digest(KeyOf(request) ?? "");
        var known = false;
        foreach (var key in _keys)
        {
            known |= CryptographicOperations.FixedTimeEquals(key, digest);
        }

        if (!known)
        {
            throw ProblemException.Of("Authorization", KeyOf(request) is null ? "no key" : "a key that is not known", "Bearer and a key of this server", 401);
        }
    }

    private AnswerResult Problem(ProblemException problem)
    {
        metrics.Rejected(problem.Status);
        return AnswerResult.Of(problem);
    }

    [LoggerMessage(20, LogLevel.Error, "A request failed by a mistake of the server")]
    private partial void LogMistake(Exception exception);

    // The client is gone: nobody reads an answer, and the log need not say 500.
    private sealed class GoneResult : IResult
    {
        private const int ClientClosedRequest = 499;

        public Task ExecuteAsync(HttpContext httpContext)
        {
            if (!httpContext.Response.HasStarted)
            {
                httpContext.Response.StatusCode = ClientClosedRequest;
            }

            return Task.CompletedTask;
        }
    }
}
