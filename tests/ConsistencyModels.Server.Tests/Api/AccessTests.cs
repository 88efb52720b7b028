using System.Net;
using System.Net.Sockets;
using System.Text;
using ConsistencyModels.Server.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Tests.Api;

public sealed class AccessTests
{
    [Fact]
    public async Task A_server_with_keys_asks_for_one()
    {
        await using var server = await TestServer.StartAsync(options => options.ApiKeys = ["first-key", "second-key"]);
        foreach (var (header, value, status) in new[]
        {
            ("X-None", "x", HttpStatusCode.Unauthorized), ("Authorization", "Bearer wrong-key", HttpStatusCode.Unauthorized), ("Authorization", "Basic second-key", HttpStatusCode.Unauthorized),
            ("Authorization", "Bearer second-key", HttpStatusCode.OK), ("X-Api-Key", "first-key", HttpStatusCode.OK),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models");
            request.Headers.Add(header, value);
            using var answer = await server.Client.SendAsync(request);
            await TestServer.Body(answer, status);
        }

        // The page, its description and what a balancer asks need none.
        foreach (var open in new[] { "", "openapi.json", "health/live", "health/ready" })
        {
            using var answer = await server.Client.GetAsync(open);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_page_of_another_host_may_not_draw_unless_it_is_named()
    {
        await using var server = await TestServer.StartAsync(options => options.AllowedOrigins = ["https://friend.example"]);
        foreach (var (origin, status) in new[]
        {
            ("https://evil.example", HttpStatusCode.Forbidden), ("null", HttpStatusCode.Forbidden), ("https://friend.example", HttpStatusCode.OK),
            (server.Address.GetLeftPart(UriPartial.Authority), HttpStatusCode.OK),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate");
            request.Headers.Add("Origin", origin);
            using var answer = await server.Client.SendAsync(request);
            await TestServer.Body(answer, status);
            Assert.Equal(origin == "https://friend.example", answer.Headers.Contains("Access-Control-Allow-Origin"));
            using var before = new HttpRequestMessage(HttpMethod.Options, "v1/generate");
            before.Headers.Add("Origin", origin);
            using var may = await server.Client.SendAsync(before);
            Assert.Equal(status == HttpStatusCode.OK ? HttpStatusCode.NoContent : status, may.StatusCode);
        }
    }

    [Fact]
    public async Task The_pages_files_are_served_with_a_tag_and_a_policy()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var moved = await client.GetAsync(server.Address.ToString().TrimEnd('/'));
        Assert.Equal(("/cm/", HttpStatusCode.Redirect), (moved.Headers.Location?.ToString(), moved.StatusCode));
        using var page = await server.Client.GetAsync("");
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("default-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, "index.html");
        request.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        using var same = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        foreach (var none in new[] { "../../etc/passwd", "Page/index.html", "%2e%2e/appsettings.json", "none.js" })
        {
            using var answer = await server.Client.GetAsync(none);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task The_reference_names_no_other_host()
    {
        await using var server = await TestServer.StartAsync();
        var page = await server.Client.GetStringAsync("reference/");
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
        Assert.True((await server.Client.GetByteArrayAsync("reference/scalar.js")).Length > 100_000);
    }

    [Fact]
    public async Task The_applications_health_checks_know_it()
    {
        await using var server = await TestServer.StartAsync();
        var report = await server.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains("ready"));
        Assert.Equal(HealthStatus.Healthy, report.Entries["consistency-models"].Status);
    }

    [Fact]
    public async Task What_is_wrong_with_the_options_is_said_by_key_before_it_starts()
    {
        var wrong = await Assert.ThrowsAsync<OptionsValidationException>(() => TestServer.StartAsync(options =>
        {
            options.Models["a b"] = new();
            options.DefaultModel = "none";
            options.DType = "f8";
            options.Limits.Requests = 0;
            options.ApiKeys = ["short"];
        }));
        Assert.Equal(
            ["ApiKeys", "DType", "DefaultModel", "Limits:Requests", "Models", "Models:a b:Path"],
            wrong.Failures.Select(line => line[(ServerOptions.Section.Length + 1)..line.IndexOf(": found", StringComparison.Ordinal)]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_model_that_is_not_there_ends_the_application()
    {
        await using var server = await TestServer.StartAsync(options => options.Models["gone"] = new() { Path = "/nowhere/at/all" }, ready: false);
        var life = server.Services.GetRequiredService<ServerLife>();
        Assert.Contains("/nowhere/at/all", (await Assert.ThrowsAsync<ConsistencyModelsException>(() => life.Opened)).Message, StringComparison.Ordinal);
        Assert.True(server.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        await using var server = await TestServer.StartAsync(options => options.Limits.BodyBytes = 2000);
        using var content = new StringContent($$"""{"model":"{{new string('x', 3000)}}"}""", Encoding.UTF8, "application/json");
        using var answer = await server.Client.PostAsync("v1/generate", content);
        Assert.Equal("body", (await TestServer.Body(answer, HttpStatusCode.RequestEntityTooLarge)).GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_body_that_says_it_is_too_large_is_refused_before_it_is_sent()
    {
        await using var server = await TestServer.StartAsync(options => options.Limits.BodyBytes = 2000);
        foreach (var (path, type) in new[] { ("generate", "application/json"), ("edit/stroke", "multipart/form-data; boundary=b"), ("inspect", "image/png") })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(server.Address.Host, server.Address.Port);
            var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /cm/v1/{path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: {type}\r\nContent-Length: 3000\r\n\r\n"));
            using var reader = new StreamReader(stream);
            Assert.Equal("HTTP/1.1 413 Payload Too Large", await reader.ReadLineAsync());
        }
    }
}
