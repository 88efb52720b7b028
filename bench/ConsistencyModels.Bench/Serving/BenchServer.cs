using System.Net;
using System.Text;
using ConsistencyModels.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsistencyModels.Bench.Serving;

/// <summary>A server of the bundled model on loopback, in this process: the clients take their time from the same cores.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BenchServer(WebApplication app) => (_app, Client) = (app, new HttpClient { BaseAddress = new Uri(app.Urls.Single() + "/"), Timeout = TimeSpan.FromMinutes(5) });

    public HttpClient Client { get; }

    public static string Model => Repository.Path("models", "crawl-tiles-32");

    public static async Task<BenchServer> StartAsync(Action<ServerOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddConsistencyModels(options =>
        {
            options.Models["tiles"] = new() { Path = Model };
            configure?.Invoke(options);
        });
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
