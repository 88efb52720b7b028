using System.Globalization;
using System.Text;
using ConsistencyModels.Server.Jobs;
using Microsoft.AspNetCore.Http;

namespace ConsistencyModels.Server.Http;

/// <summary>Writes a stream of server-sent events, each as it comes, with comments that keep a silent connection open.</summary>
/// <param name="log">What happens.</param>
/// <param name="after">The event before the first one to write.</param>
/// <param name="gone">Called when the client has gone, or all is written.</param>
internal sealed class EventStreamResult(EventLog log, int after, Action? gone = null) : IResult
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, aborted) = (httpContext.Response, httpContext.RequestAborted);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would gather them
        try
        {
            await foreach (var one in log.FollowAsync(after, KeepAlive, aborted).ConfigureAwait(false))
            {
                var text = one is null ? ": \n\n" : string.Create(CultureInfo.InvariantCulture, $"id: {one.Id}\nevent: {one.Name}\ndata: {one.Data}\n\n");
                await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), aborted).ConfigureAwait(false);
                await response.Body.FlushAsync(aborted).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && aborted.IsCancellationRequested)
        {
            // It went away: that is how one ends a stream.
        }
        finally
        {
            gone?.Invoke();
        }
    }
}
