using System.Net;
using ConsistencyModels.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsistencyModels.Page.Tests;

/// <summary>A server of the bundled model, below a prefix, so that an address of the page that is not relative is found out.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    /// <summary>What the bundled model is called here.</summary>
    public const string Model = "tiles";

    private readonly WebApplication _app;

    private PageServer(WebApplication app) => _app = app;

    /// <summary>Where the page is.</summary>
    public Uri Address => new($"{_app.Urls.Single()}/cm/");

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="port">Its port; 0 for one that is free.</param>
    /// <param name="configure">Sets options.</param>
    public static async Task<PageServer> StartAsync(int port = 0, Action<ServerOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddConsistencyModels(options =>
        {
            options.Models[Model] = new() { Path = RepositoryFiles.Model("crawl-tiles-32") };
            configure?.Invoke(options);
        });
        var app = builder.Build();
        app.MapConsistencyModels("/cm");
        await app.StartAsync();
        var server = new PageServer(app);
        using var client = new HttpClient { BaseAddress = server.Address };
        while ((await client.GetAsync("health/ready")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(20);
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
