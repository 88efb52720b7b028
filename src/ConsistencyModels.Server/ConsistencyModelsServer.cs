using ConsistencyModels.Engines;
using ConsistencyModels.Server.Documents;
using ConsistencyModels.Server.Drawing;
using ConsistencyModels.Server.Http;
using ConsistencyModels.Server.Jobs;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Serving;
using ConsistencyModels.Server.Work;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server;

/// <summary>Consistency models inside an ASP.NET Core application.</summary>
public static class ConsistencyModelsServer
{
    private static IEnumerable<Operation> Edits => Enum.GetValues<Operation>().Where(operation => operation != Operation.Generate);

    /// <summary>
    /// Adds what serves models: options of the configuration's section <see cref="ServerOptions.Section"/>, checked when the application
    /// starts; models loaded by the host; a health check named "consistency-models" with the tag "ready"; instruments and spans under
    /// <see cref="ServerMetrics.Name"/>. An <see cref="EngineRegistry"/> that is registered before is used.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets options after the configuration; null for none.</param>
    /// <returns>The services.</returns>
    /// <exception cref="OptionsValidationException">Thrown when the application starts: an option is wrong; the message names its key.</exception>
    public static IServiceCollection AddConsistencyModels(this IServiceCollection services, Action<ServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<ServerOptions>()
            .Configure<IServiceProvider>((options, provider) => provider.GetService<IConfiguration>()?.GetSection(ServerOptions.Section).Bind(options))
            .ValidateOnStart();
        if (configure is not null)
        {
            services.PostConfigure(configure);
        }

        services.AddMetrics();
        services.AddSingleton<IValidateOptions<ServerOptions>, ServerOptionsValidation>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(EngineRegistry.Managed);
        services.TryAddSingleton<ServerMetrics>();
        services.TryAddSingleton<ModelStore>();
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<ServerOptions>>().Value.Limits);
        services.TryAddSingleton<Admission>();
        services.TryAddSingleton<BodyBudget>();
        services.TryAddSingleton<Fields>();
        services.TryAddSingleton<DrawService>();
        services.TryAddSingleton<JobStore>();
        services.TryAddSingleton<AnswerStore>();
        services.TryAddSingleton<Access>();
        services.TryAddSingleton<DrawEndpoints>();
        services.TryAddSingleton<ModelEndpoints>();
        services.TryAddSingleton<JobEndpoints>();
        services.TryAddSingleton<InspectEndpoint>();
        services.TryAddSingleton<PageFiles>();
        services.TryAddSingleton<ServerLife>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ServerLife>());
        services.AddHealthChecks().AddCheck<ReadyCheck>("consistency-models", tags: ["ready"]);
        return services.AddServerDocument();
    }

    /// <summary>
    /// Maps the endpoints: v1/ to draw, health/, openapi.json, reference, and the page. docs/serving.md describes them.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">Where they are, such as "/cm"; empty for the root.</param>
    /// <returns>All of them, to which an application can add its own conventions.</returns>
    public static RouteGroupBuilder MapConsistencyModels(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var all = endpoints.MapGroup(prefix.TrimEnd('/'));
        MapDrawing(all);
        MapJobs(all);
        all.MapGet("/health/live", () => TypedResults.Text("live")).ExcludeFromDescription();
        all.MapGet("/health/ready", (ServerLife life) => TypedResults.Text(life.State, statusCode: life.State == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable)).ExcludeFromDescription();
        all.MapServerDocument(prefix.TrimEnd('/'));
        if (endpoints.ServiceProvider.GetRequiredService<IOptions<ServerOptions>>().Value.Page)
        {
            MapPage(all, endpoints.ServiceProvider.GetRequiredService<PageFiles>());
        }

        return all;
    }

    private static void MapDrawing(RouteGroupBuilder all)
    {
        all.MapMethods("/v1/{**path}", ["OPTIONS"], (HttpContext context, Access access) => access.Preflight(context)).ExcludeFromDescription();
        var v1 = Protected(all);
        v1.MapGet("/models", (ModelEndpoints models) => models.List()).WithName("models").WithSummary("The models, their classes, defaults and edits, and the server's limits");
        v1.MapGet("/models/{id}", (string id, ModelEndpoints models) => models.One(id)).WithName("model").WithSummary("One model");
        v1.MapPost("/generate", (HttpContext context, DrawEndpoints draw) => draw.DrawAsync(context, "generate")).WithName("generate").WithSummary("Pictures of noise");
        foreach (var operation in Edits)
        {
            var path = Fields.Path(operation);
            v1.MapPost($"/{path}", (HttpContext context, DrawEndpoints draw) => draw.DrawAsync(context, path)).WithName(ServerDocument.NameOf(operation)).WithSummary($"Edits of a picture: {operation}");
        }

        v1.MapPost("/edit/{kind}", (HttpContext context, string kind, DrawEndpoints draw) => draw.DrawAsync(context, $"edit/{kind}")).ExcludeFromDescription();
        v1.MapPost("/inspect", (HttpContext context, InspectEndpoint inspect) => inspect.InspectAsync(context)).WithName("inspect").WithSummary("What a PNG says of how it was made");
    }

    private static void MapJobs(RouteGroupBuilder all)
    {
        var v1 = Protected(all);
        v1.MapPost("/jobs/generate", (HttpContext context, DrawEndpoints draw) => draw.StartAsync(context, "generate")).WithName("startGenerate").WithSummary("Begins a job that generates");
        foreach (var operation in Edits)
        {
            var path = Fields.Path(operation);
            v1.MapPost($"/jobs/{path}", (HttpContext context, DrawEndpoints draw) => draw.StartAsync(context, path)).WithName($"start{char.ToUpperInvariant(ServerDocument.NameOf(operation)[0])}{ServerDocument.NameOf(operation)[1..]}").WithSummary($"Begins a job that edits: {operation}");
        }

        v1.MapPost("/jobs/edit/{kind}", (HttpContext context, string kind, DrawEndpoints draw) => draw.StartAsync(context, $"edit/{kind}")).ExcludeFromDescription();
        v1.MapGet("/jobs/{id}", (string id, JobEndpoints jobs) => jobs.Find(id)).WithName("job").WithSummary("Where a job stands, and its result");
        v1.MapGet("/jobs/{id}/events", (HttpContext context, string id, JobEndpoints jobs) => jobs.Events(context, id)).WithName("jobEvents").WithSummary("What happens to a job, as server-sent events");
        v1.MapGet("/jobs/{id}/images/{index}", (string id, string index, JobEndpoints jobs) => jobs.Picture(id, index)).WithName("jobImage").WithSummary("A picture of a job");
        v1.MapDelete("/jobs/{id}", (string id, JobEndpoints jobs) => jobs.Remove(id)).WithName("removeJob").WithSummary("Cancels a job, or forgets it");
    }

    private static RouteGroupBuilder Protected(RouteGroupBuilder all)
    {
        var group = all.MapGroup("/v1");
        group.AddEndpointFilter((context, next) => context.HttpContext.RequestServices.GetRequiredService<Access>().InvokeAsync(context, next));
        return group.WithGroupName(ServerDocument.Name);
    }

    private static void MapPage(RouteGroupBuilder all, PageFiles files)
    {
        all.MapGet("/", (HttpContext context, PageFiles page) => page.Start(context)).ExcludeFromDescription();
        foreach (var name in files.Names)
        {
            all.MapGet($"/{name}", (PageFiles page) => page.File(name)).ExcludeFromDescription();
        }
    }
}
