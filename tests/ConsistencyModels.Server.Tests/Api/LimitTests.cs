using System.Net;
using System.Text.Json;
using ConsistencyModels.Server.Serving;
using ConsistencyModels.Server.Work;
using Microsoft.Extensions.DependencyInjection;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>What happens where there is more to do than the server takes.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Beyond_its_queue_a_server_says_when_to_come_again()
    {
        await using var server = await TestServer.StartAsync(options => options.Limits.Requests = 2);
        var slow = """{"sampler":"euler","steps":1000,"count":8}""";
        using var first = await server.PostAsync("v1/jobs/generate", slow);
        using var second = await server.PostAsync("v1/jobs/generate", slow);
        await TestServer.Body(second, HttpStatusCode.Accepted);
        foreach (var path in new[] { "v1/generate", "v1/jobs/generate" })
        {
            using var third = await server.PostAsync(path, "{}");
            await TestServer.Body(third, HttpStatusCode.TooManyRequests);
            Assert.InRange(third.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        }

        foreach (var job in new[] { first, second })
        {
            using var gone = await server.Client.DeleteAsync($"v1/jobs/{(await TestServer.Body(job, HttpStatusCode.Accepted)).GetProperty("id").GetString()}");
        }

        await Empty(server);
        await server.DrawAsync("v1/generate", "{}");
    }

    [Fact]
    public async Task Pixels_are_counted_too_and_one_request_is_always_let_in()
    {
        await using var server = await TestServer.StartAsync(options => options.Limits.Pixels = 10);
        await server.DrawAsync("v1/generate", """{"count":4}""");
        using var job = await server.PostAsync("v1/jobs/generate", """{"sampler":"euler","steps":1000}""");
        using var other = await server.PostAsync("v1/generate", "{}");
        await TestServer.Body(other, HttpStatusCode.TooManyRequests);
        using var gone = await server.Client.DeleteAsync($"v1/jobs/{(await TestServer.Body(job, HttpStatusCode.Accepted)).GetProperty("id").GetString()}");
        await Empty(server);
    }

    [Fact]
    public async Task A_deadline_ends_a_request()
    {
        await using var server = await TestServer.StartAsync();
        using var answer = await server.PostAsync("v1/generate", """{"sampler":"euler","steps":1000,"count":32,"timeout_seconds":0.05}""");
        Assert.Contains("0.05", (await TestServer.Body(answer, HttpStatusCode.GatewayTimeout)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await Empty(server);
    }

    [Fact]
    public async Task Who_goes_away_takes_its_work_along()
    {
        await using var server = await TestServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        using var content = new StringContent("""{"sampler":"euler","steps":1000,"count":64}""", System.Text.Encoding.UTF8, "application/json");
        var answer = server.Client.PostAsync("v1/generate", content, cancel.Token);
        await Until(() => server.Services.GetRequiredService<Admission>().Requests == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await Empty(server);
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_draws_what_it_has_begun_and_takes_nothing_more()
    {
        await using var server = await TestServer.StartAsync();
        var begun = server.DrawAsync("v1/generate", """{"sampler":"euler","steps":60,"count":8,"seed":1}""");
        await Until(() => server.Services.GetRequiredService<Admission>().Requests == 1);
        var stopped = server.StopAsync();
        await Until(() => server.Services.GetRequiredService<Admission>().IsDraining);
        try
        {
            using var late = await server.PostAsync("v1/generate", "{}");
            Assert.True(late.StatusCode == HttpStatusCode.ServiceUnavailable && late.Headers.RetryAfter is not null, $"{late.StatusCode}");
            using var ready = await server.Client.GetAsync("health/ready");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        }
        catch (HttpRequestException)
        {
            // It was done before the question came, and listens no more.
        }

        Assert.Equal(8, TestServer.Pictures(await begun).Length);
        await stopped;
    }

    [Fact]
    public async Task Models_are_loaded_when_they_are_asked_for_and_make_room_for_each_other()
    {
        var bytes = 2_856_707L * 8;
        await using var server = await TestServer.StartAsync(options =>
        {
            options.Models = new() { ["a"] = new() { Path = TestServer.Model, Preload = false }, ["b"] = new() { Path = TestServer.Model, Preload = false } };
            options.ModelBytes = bytes + (bytes / 2);
        });
        async Task<string> States() => string.Join(' ', (await Models(server)).Select(model => model.GetProperty("state").GetString()));
        Assert.Equal("idle idle", await States());
        var a = await server.DrawAsync("v1/generate", """{"seed":1}""");
        Assert.Equal("ready idle", await States());
        var b = await server.DrawAsync("v1/generate", """{"model":"b","seed":1}""");
        Assert.Equal("idle ready", await States());
        Assert.Equal(TestServer.Pictures(a)[0].Pixels, TestServer.Pictures(b)[0].Pixels);

        // Asked for at once they take turns, and all are drawn.
        var all = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => server.DrawAsync("v1/generate", $$"""{"model":"{{(i % 2 == 0 ? "a" : "b")}}","seed":1,"steps":2}""")));
        Assert.All(all, one => Assert.Equal(TestServer.Pictures(all[0])[0].Pixels, TestServer.Pictures(one)[0].Pixels));
        var store = server.Services.GetRequiredService<ModelStore>();
        Assert.Equal(1, store.Models.Count(model => model.Batcher is not null));
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_is_not_the_clients_mistake()
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.Models["tiles"].Preload = false;
            options.Engine = "none";
        });
        using var answer = await server.PostAsync("v1/generate", "{}");
        var body = await TestServer.Body(answer, HttpStatusCode.ServiceUnavailable);
        Assert.DoesNotContain(TestServer.Model, body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("failed", (await Models(server))[0].GetProperty("state").GetString());
    }

    private static async Task<JsonElement[]> Models(TestServer server)
    {
        using var answer = await server.Client.GetAsync("v1/models");
        return [.. (await TestServer.Body(answer, HttpStatusCode.OK)).GetProperty("models").EnumerateArray()];
    }

    private static Task Empty(TestServer server) => Until(() => server.Services.GetRequiredService<Admission>().Requests == 0);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
