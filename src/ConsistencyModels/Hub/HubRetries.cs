using System.Net;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace ConsistencyModels.Hub;

/// <summary>Which requests are repeated, how often and after which pause; and how long an answer may take.</summary>
internal static class HubRetries
{
    // A host without a connection is asked no oftener before anything was downloaded: who is offline need not wait half a minute.
    private const int UnreachableAtFirst = 2;

    /// <summary>Statuses 408, 429 and 5xx, broken connections and answers that do not come. Retry-After is heeded up to a limit.</summary>
    /// <param name="options">Numbers and times.</param>
    /// <param name="underWay">Whether the host has answered before, so that it is worth waiting for.</param>
    public static ResiliencePipeline<HttpResponseMessage> Pipeline(HubOptions options, bool underWay)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage>();
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.LongestDelay,
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } exception
                    ? IsUnreachable(exception) && (underWay || attempt.AttemptNumber < UnreachableAtFirst)
                    : IsOverload(attempt.Outcome.Result!.StatusCode)),
                DelayGenerator = attempt => ValueTask.FromResult(RetryAfter(attempt.Outcome.Result, options.LongestDelay)),
            });
        }

        return builder.AddTimeout(options.StallTimeout).Build();
    }

    /// <summary>Whether no answer came. A connection that takes too long is reported as cancelled, by a timeout.</summary>
    public static bool IsUnreachable(Exception exception) =>
        exception is HttpRequestException or TimeoutRejectedException or OperationCanceledException { InnerException: TimeoutException };

    private static bool IsOverload(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;

    private static TimeSpan? RetryAfter(HttpResponseMessage? response, TimeSpan longest)
    {
        var asked = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - DateTimeOffset.UtcNow,
            _ => (TimeSpan?)null,
        };
        return asked is not { } wait ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > longest ? longest : wait;
    }
}
