using System.Net;
using ConsistencyModels.Server;
using ConsistencyModels.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Cli.Serving;

/// <summary>The program as a server: from its settings to its end.</summary>
internal static class ServeRun
{
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Serves until it is told to stop.</summary>
    /// <exception cref="ConsistencyModelsException">A setting is wrong, a model cannot be served, or the address is taken.</exception>
    public static int Run(CommandContext context, ServeSettings settings)
    {
        if (!IPAddress.TryParse(settings.Host == "localhost" ? "127.0.0.1" : settings.Host, out var address))
        {
            throw new ConsistencyModelsException($"--host is {Printable.Quote(settings.Host)}, expected an address such as 127.0.0.1 or 0.0.0.0");
        }

        // Requests under way are drawn to their end, however long that takes; who is in a hurry kills it.
        using var time = context.TakeTime();
        try
        {
            RunAsync(context, settings, new(address, settings.Port)).GetAwaiter().GetResult();
            return ExitCode.Fine;
        }
        catch (OptionsValidationException e)
        {
            throw new ConsistencyModelsException(string.Join("; ", e.Failures), e);
        }
    }

    private static async Task RunAsync(CommandContext context, ServeSettings settings, IPEndPoint endpoint)
    {
        var console = context.Console.Quiet(settings.Quiet);
        await using var app = Build(context, settings, endpoint);
        await app.StartAsync(context.Cancellation).ConfigureAwait(false);

        var options = app.Services.GetRequiredService<IOptions<ServerOptions>>().Value;
        console.Error.WriteLine($"cm: serving {string.Join(", ", options.Models.Keys.Order(StringComparer.Ordinal))} at {string.Join(" and ", app.Urls)}{(options.Page ? "/, where a page is to play with" : "")}");
        if (!IPAddress.IsLoopback(endpoint.Address) && options.ApiKeys.Count == 0)
        {
            console.Error.WriteLine("cm: whoever reaches this address can draw; --api-keys asks for keys");
        }

        var life = app.Services.GetRequiredService<ServerLife>();
        await WhenToStop(app, context.Cancellation).ConfigureAwait(false);
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await life.Opened.ConfigureAwait(false);
    }

    private static WebApplication Build(CommandContext context, ServeSettings settings, IPEndPoint endpoint)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "cm", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        if (settings.Config is not null)
        {
            AddFile(builder.Configuration, settings.Config);
        }

        builder.Configuration.AddEnvironmentVariables();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter(ServerMetrics.Name, settings.Quiet ? LogLevel.Error : LogLevel.Information);
        builder.Logging.AddProvider(new LineLoggerProvider(context.Console.Error));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(5));
        builder.Services.AddSingleton(settings.Engines);
        builder.Services.AddConsistencyModels(settings.ApplyTo);
        Telemetry.AddTo(builder);
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            var limits = kestrel.ApplicationServices.GetRequiredService<ServerLimits>();
            kestrel.Listen(endpoint);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = limits.BodyBytes;
            kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
            kestrel.Limits.MaxConcurrentConnections = Math.Max(1024, 4 * limits.Requests);
        });
        var app = builder.Build();
        app.UseStatusCodePages(Problems.WriteAsync);
        app.MapConsistencyModels();
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    private static void AddFile(ConfigurationManager configuration, string path)
    {
        try
        {
            configuration.AddJsonFile(Path.GetFullPath(path), optional: false, reloadOnChange: false);
        }
        catch (Exception e) when (e is InvalidDataException or FileNotFoundException or IOException)
        {
            throw new ConsistencyModelsException($"--config: {path}: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    private static async Task WhenToStop(WebApplication app, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, app.Lifetime.ApplicationStopping);
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = either.Token.Register(stop.SetResult);
        await stop.Task.ConfigureAwait(false);
    }

    // The program listens to signals itself.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
