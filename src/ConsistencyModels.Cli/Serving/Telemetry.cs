using ConsistencyModels.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ConsistencyModels.Cli.Serving;

/// <summary>
/// Metrics for Prometheus at /metrics, and metrics and traces by OTLP where OpenTelemetry's own variables name a receiver
/// (OTEL_EXPORTER_OTLP_ENDPOINT and the like).
/// </summary>
internal static class Telemetry
{
    private static readonly string[] Meters = [ServerMetrics.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    private static bool HasReceiver => Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 };

    /// <summary>Adds them to the server.</summary>
    public static void AddTo(WebApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("cm", serviceVersion: CommandLineApp.Version));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(Meters).AddPrometheusExporter();
            if (HasReceiver)
            {
                metrics.AddOtlpExporter();
            }
        });
        if (HasReceiver)
        {
            telemetry.WithTracing(traces => traces.AddSource(ServerMetrics.Name).AddAspNetCoreInstrumentation().AddOtlpExporter());
        }
    }
}
