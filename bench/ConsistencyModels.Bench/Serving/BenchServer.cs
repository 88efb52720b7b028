using System.Net;
using System.Text;
using ConsistencyModels.Engines;
using ConsistencyModels.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConsistencyModels.Bench.Serving;

/// <summary>A server of the bundled model on loopback, in this process: the clients take their time from the same cores.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BenchServer(WebApplication app) => (_app, Client) = (app, new HttpClient { BaseAddress = new Uri(app.Urls.Single() + "/"), Timeout = TimeSpan.FromMinutes(5) });

    public HttpClient Client { get; }

    public static string Model => Repository.Path("models", "crawl-tiles-32");

    /// <summary>Its port.</summary>
    public int Port => Client.BaseAddress!.Port;

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="settings">Of the server, as KEY=VALUE.</param>
    /// <param name="engines">What runs the network; null for the library's own.</param>
    public static async Task<BenchServer> StartAsync(string[]? settings = null, EngineRegistry? engines = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection((settings ?? []).Select(setting => setting.Split('=', 2)).ToDictionary(parts => $"{ServerOptions.Section}:{parts[0]}", parts => (string?)parts[1]));
        if (engines is not null)
        {
            builder.Services.AddSingleton(engines);
        }

        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddConsistencyModels(options => options.Models["tiles"] = new() { Path = Model });
        var app = builder.Build();
        app.MapConsistencyModels();
        await app.StartAsync();
        var server = new BenchServer(app);
        while ((await server.Client.GetAsync("health/ready")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(20);
        }

        return server;
    }

    /// <summary>A picture of a seed.</summary>
    public static async Task<byte[]> Draw(HttpClient client, int seed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = new StringContent($$"""{"seed":{{seed}}}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("Accept", "image/png");
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
