using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;

namespace ConsistencyModels.Server.Tests.Api;

public sealed class EventTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_stream_tells_each_step_and_ends_with_the_result()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = Json("""{"seed":7,"steps":3,"previews":true,"count":2}""") };
        request.Headers.Add("Accept", "text/event-stream");
        using var answer = await _server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var events = await Read(answer);
        Assert.Equal(
            ["queued", "started", "progress", "step", "progress", "step", "progress", "step", "done"], events.Select(one => one.EventType));
        var steps = events.Where(one => one.EventType == "step").Select(one => JsonDocument.Parse(one.Data).RootElement).ToArray();
        Assert.Equal([0, 1, 2], steps.Select(step => step.GetProperty("step").GetInt32()));
        Assert.All(steps, step => Assert.Equal(2, TestServer.Pictures(step).Length));

        // The last estimate is the result but for the noise of the last step, less than a level.
        var result = JsonDocument.Parse(events[^1].Data).RootElement;
        var (last, final) = (TestServer.Pictures(steps[^1])[0].Pixels, TestServer.Pictures(result)[0].Pixels);
        Assert.All(last.Zip(final), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1));
        var plain = await _server.DrawAsync("v1/generate", """{"seed":7,"steps":3,"count":2}""");
        Assert.Equal(TestServer.Pictures(plain)[0].Pixels, final);
    }

    [Fact]
    public async Task A_stream_that_cannot_begin_says_why()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = Json("""{"steps":99}""") };
        request.Headers.Add("Accept", "text/event-stream");
        using var answer = await _server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var events = await Read(answer);
        var error = Assert.Single(events);
        Assert.Equal("error", error.EventType);
        Assert.Equal("steps", JsonDocument.Parse(error.Data).RootElement.GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_job_is_followed_from_any_event_and_its_pictures_fetched()
    {
        using var begun = await _server.PostAsync("v1/jobs/generate", """{"seed":7,"steps":2,"count":2}""");
        var id = (await TestServer.Body(begun, HttpStatusCode.Accepted)).GetProperty("id").GetString();
        Assert.Equal($"/cm/v1/jobs/{id}", begun.Headers.Location?.ToString());
        using var all = await _server.Client.GetAsync($"v1/jobs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        var events = await Read(all);
        Assert.Equal(["queued", "started", "progress", "progress", "done"], events.Select(one => one.EventType));
        using var resume = new HttpRequestMessage(HttpMethod.Get, $"v1/jobs/{id}/events");
        resume.Headers.Add("Last-Event-ID", "3");
        using var rest = await _server.Client.SendAsync(resume, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(events.Skip(3).Select(one => (one.EventId, one.Data)), (await Read(rest)).Select(one => (one.EventId, one.Data)));

        var job = await Get($"v1/jobs/{id}");
        Assert.Equal("done", job.GetProperty("state").GetString());
        var picture = await _server.Client.GetByteArrayAsync($"v1/jobs/{id}/images/1");
        Assert.Equal(job.GetProperty("result").GetProperty("images")[1].GetProperty("data").GetBytesFromBase64(), picture);
        using var none = await _server.Client.GetAsync($"v1/jobs/{id}/images/2");
        await TestServer.Body(none, HttpStatusCode.NotFound);
        using var gone = await _server.Client.DeleteAsync($"v1/jobs/{id}");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        using var after = await _server.Client.GetAsync($"v1/jobs/{id}");
        await TestServer.Body(after, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_job_that_is_cancelled_ends_at_the_next_call()
    {
        using var begun = await _server.PostAsync("v1/jobs/generate", """{"sampler":"euler","steps":1000,"count":16}""");
        var id = (await TestServer.Body(begun, HttpStatusCode.Accepted)).GetProperty("id").GetString();
        using var following = await _server.Client.GetAsync($"v1/jobs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        using var gone = await _server.Client.DeleteAsync($"v1/jobs/{id}");
        var events = await Read(following);
        Assert.Equal("cancelled", events[^1].EventType);
        Assert.True(events.Count < 1000);
    }

    [Fact]
    public async Task A_job_that_is_not_let_in_has_no_number()
    {
        using var answer = await _server.PostAsync("v1/jobs/generate", """{"steps":99}""");
        Assert.Equal("steps", (await TestServer.Body(answer, HttpStatusCode.BadRequest)).GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("v1/jobs/none")]
    [InlineData("v1/jobs/none/events")]
    [InlineData("v1/jobs/none/images/0")]
    public async Task There_is_no_such_job(string path)
    {
        using var answer = await _server.Client.GetAsync(path);
        Assert.Equal("id", (await TestServer.Body(answer, HttpStatusCode.NotFound)).GetProperty("field").GetString());
    }

    [Fact]
    public async Task The_same_key_gets_the_same_answer()
    {
        async Task<(HttpStatusCode, string)> Post(string key, string json)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = Json(json) };
            request.Headers.Add("Idempotency-Key", key);
            using var answer = await _server.Client.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        var key = Guid.NewGuid().ToString();
        var both = await Task.WhenAll(Post(key, "{}"), Post(key, "{}"));
        var again = await Post(key, "{ }");
        Assert.Equal((HttpStatusCode.OK, both[0].Item2), both[1]);
        Assert.Equal((HttpStatusCode.OK, both[0].Item2), again);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await Post(key, """{"seed":1}""")).Item1);
        Assert.Equal(HttpStatusCode.BadRequest, (await Post(key + "x", """{"steps":99}""")).Item1);
        Assert.Equal(HttpStatusCode.OK, (await Post(key + "x", """{"steps":9}""")).Item1);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private async Task<JsonElement> Get(string path)
    {
        using var answer = await _server.Client.GetAsync(path);
        return await TestServer.Body(answer, HttpStatusCode.OK);
    }

    private static async Task<List<SseItem<string>>> Read(HttpResponseMessage answer)
    {
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        List<SseItem<string>> events = [];
        await foreach (var one in SseParser.Create(await answer.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            events.Add(one);
        }

        return events;
    }
}
