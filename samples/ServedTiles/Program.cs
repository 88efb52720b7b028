using ConsistencyModels.Server;
using OpenTelemetry.Metrics;
using ServedTiles;

if (args is ["draw", var address, .. var classes])
{
    return await Draw.RunAsync(new(address), classes);
}

var builder = WebApplication.CreateBuilder(args);

// Models and limits are in appsettings.json; code may set them as well: AddConsistencyModels(options => ...).
builder.Services.AddConsistencyModels();
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(ServerMetrics.Name).AddPrometheusExporter());

var app = builder.Build();
app.MapConsistencyModels("/cm");
app.MapPrometheusScrapingEndpoint("/metrics");
app.MapHealthChecks("/healthz");
app.MapGet("/", () => TypedResults.Redirect("/cm/"));
await app.RunAsync();
return 0;
