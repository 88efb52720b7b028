using ConsistencyModels.Server.Serving;
using ConsistencyModels.Server.Work;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Http;

/// <summary>
/// The server's life: models are opened while the first connections are taken, and before the last ones are closed those who are in are
/// drawn to the end.
/// </summary>
internal sealed partial class ServerLife(
    IOptions<ServerOptions> options, ModelStore models, Admission admission, IHostApplicationLifetime application, ILogger<ServerLife> logger) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _opening = Task.CompletedTask;
    private volatile bool _stopping;

    /// <summary>"ready", "starting" or "draining".</summary>
    public string State => _stopping ? "draining" : models.IsReady ? "ready" : "starting";

    /// <summary>Completes when the models are there; fails if they never will be.</summary>
    public Task Opened => _opening;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _opening = Task.Run(OpenAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            if (options.Value.DrainDelay > TimeSpan.Zero)
            {
                await Task.Delay(options.Value.DrainDelay, cancellationToken).ConfigureAwait(false);
            }

            await admission.Drain().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            LogImpatient(admission.Requests);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stop.Dispose();

    private async Task OpenAsync()
    {
        try
        {
            await models.OpenAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping)
        {
        }
        catch (Exception e)
        {
            LogNotOpened(e.Message);
            // Not while it starts: the host would say that it was cancelled, in place of why.
            application.ApplicationStarted.Register(application.StopApplication);
            throw;
        }
    }

    [LoggerMessage(30, LogLevel.Critical, "The models cannot be served: {Message}")]
    private partial void LogNotOpened(string message);

    [LoggerMessage(31, LogLevel.Warning, "Stopped with {Count} requests under way: the time to shut down was over")]
    private partial void LogImpatient(int count);
}

/// <summary>Whether the server draws, for the application's own health checks.</summary>
internal sealed class ReadyCheck(ServerLife life) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(life.State == "ready" ? HealthCheckResult.Healthy(life.State) : new HealthCheckResult(context.Registration.FailureStatus, life.State));
}
