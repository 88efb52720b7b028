using System.Net;
using System.Text.Json;
using ConsistencyModels.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ConsistencyModels.Server.Tests;

/// <summary>A server of the bundled model on a port of its own, as an application has one.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private const string Prefix = "/cm";

    private readonly WebApplication _app;

    private TestServer(WebApplication app) => _app = app;

    /// <summary>Where it is, with the prefix and a slash.</summary>
    public Uri Address => new($"{_app.Urls.Single()}{Prefix}/");

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>A client; each has connections of its own.</summary>
    public HttpClient Client { get; private set; } = new();

    /// <summary>The model's folder.</summary>
    public static string Model => RepositoryFiles.Model("crawl-tiles-32");

    /// <summary>Starts one and waits until it is ready.</summary>
    public static async Task<TestServer> StartAsync(Action<ServerOptions>? configure = null, bool ready = true)
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
        app.MapConsistencyModels(Prefix);
        await app.StartAsync();
        var server = new TestServer(app);
        server.Client.Dispose();
        server.Client = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(5) };
        while (ready && (await server.Client.GetAsync("health/ready")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(20);
        }

        return server;
    }

    /// <summary>The same model without a server.</summary>
    public static DiffusionPipeline Alone() => DiffusionPipeline.FromPretrained(Model);

    /// <summary>Posts JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json) => Client.PostAsync(path, new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    /// <summary>Posts JSON and reads the result object.</summary>
    public async Task<JsonElement> DrawAsync(string path, string json)
    {
        using var answer = await PostAsync(path, json);
        return await Body(answer, HttpStatusCode.OK);
    }

    /// <summary>The body of an answer that must have a status.</summary>
    public static async Task<JsonElement> Body(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}, expected {status}: {text[..Math.Min(text.Length, 1000)]}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The pixels of a result's pictures.</summary>
    public static Pixels.ImageBuffer[] Pictures(JsonElement result, int channels = 3) =>
    [
        .. result.GetProperty("images").EnumerateArray().Select(image => Imaging.ImageDecoder.Decode(image.GetProperty("data").GetBytesFromBase64(), "result", new Imaging.DecodeOptions { Channels = channels })),
    ];

    /// <summary>Stops it, as the end of an application does.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>One server for the tests that change nothing about it.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
