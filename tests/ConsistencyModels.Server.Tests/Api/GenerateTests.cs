using System.Net;
using ConsistencyModels.Imaging;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Server.Tests.Api;

public sealed class GenerateTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task It_is_the_picture_that_the_library_draws()
    {
        var result = await _server.DrawAsync("v1/generate", """{"count":3,"classes":["book","floor"],"seed":7,"steps":2}""");
        using var alone = TestServer.Alone();
        var expected = alone.Generate(new() { Seeds = [7, 8, 9], ClassLabels = [5, 0, 5], NumInferenceSteps = 2 });
        Assert.Equal(expected.Images.Select(image => image.Pixels), TestServer.Pictures(result).Select(image => image.Pixels));
        Assert.Equal([7, 8, 9], result.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("seed").GetInt32()));
        Assert.Equal(["book", "floor", "book"], result.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("class_name").GetString()));
        Assert.Equal(2, result.GetProperty("network_calls").GetInt32());
    }

    [Theory]
    [InlineData("""{"seed":3,"steps":3}""")]
    [InlineData("""{"seeds":[5,1,18446744073709551615],"classes":"gold"}""")]
    [InlineData("""{"count":2,"timesteps":[22,0],"scale":2}""")]
    [InlineData("""{"width":48,"height":32,"steps":2,"seed":1}""")]
    [InlineData("""{"sampler":"onestep","sigma_max":60,"classes":[1],"format":"webp"}""")]
    public async Task The_request_in_a_result_draws_the_same_again(string json)
    {
        var first = await _server.DrawAsync("v1/generate", json);
        var again = await _server.DrawAsync("v1/generate", first.GetProperty("request").GetRawText());
        Assert.Equal(TestServer.Pictures(first).Select(image => image.Pixels), TestServer.Pictures(again).Select(image => image.Pixels));
        Assert.Equal(first.GetProperty("request").GetRawText(), again.GetProperty("request").GetRawText());
    }

    [Fact]
    public async Task Each_picture_carries_the_request_that_draws_it_alone()
    {
        var all = await _server.DrawAsync("v1/generate", """{"count":3,"steps":3,"seed":40}""");
        var last = all.GetProperty("images")[2].GetProperty("data").GetBytesFromBase64();
        using var answer = await _server.Client.PostAsync("v1/inspect", new ByteArrayContent(last) { Headers = { ContentType = new("image/png") } });
        var inspected = await TestServer.Body(answer, HttpStatusCode.OK);
        Assert.Equal("generate", inspected.GetProperty("operation").GetString());
        Assert.Equal("42", inspected.GetProperty("text").GetProperty("seed").GetString());
        var alone = await _server.DrawAsync("v1/generate", inspected.GetProperty("request").GetRawText());
        Assert.Equal(TestServer.Pictures(all)[2].Pixels, TestServer.Pictures(alone)[0].Pixels);
    }

    [Theory]
    [InlineData("image/png", "png")]
    [InlineData("image/jpeg", "jpeg")]
    [InlineData("image/webp;q=0.9, image/*;q=0.1", "webp")]
    [InlineData("image/*", "png")]
    public async Task Accept_asks_for_the_picture_itself(string accept, string format)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = new StringContent("""{"classes":"book","seed":7}""", System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Accept", accept);
        using var answer = await _server.Client.SendAsync(request);
        Assert.Equal($"image/{format}", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("7", answer.Headers.GetValues("X-Seed").Single());
        Assert.Equal("5", answer.Headers.GetValues("X-Class").Single());
        Assert.Equal(format, ImageDecoder.ReadInfo(await answer.Content.ReadAsByteArrayAsync(), "answer").Format);
    }

    [Fact]
    public async Task Larger_than_the_model_is_drawn_in_tiles()
    {
        var result = await _server.DrawAsync("v1/generate", """{"width":50,"height":40,"seed":2,"steps":2}""");
        using var alone = TestServer.Alone();
        var expected = alone.Generate(new() { Seeds = [2], Width = 50, Height = 40, Tiles = new(), NumInferenceSteps = 2 });
        Assert.Equal(expected.Images[0].Pixels, TestServer.Pictures(result)[0].Pixels);
    }

    [Fact]
    public async Task A_form_says_the_same_as_json()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("book, 0"), "classes" }, { new StringContent("2"), "steps" }, { new StringContent("7,8"), "seeds" }, { new StringContent("true"), "previews" },
        };
        using var answer = await _server.Client.PostAsync("v1/generate", form);
        var result = await TestServer.Body(answer, HttpStatusCode.OK);
        var same = await _server.DrawAsync("v1/generate", """{"classes":["book",0],"steps":2,"seeds":[7,"8"]}""");
        Assert.Equal(TestServer.Pictures(same).Select(image => image.Pixels), TestServer.Pictures(result).Select(image => image.Pixels));
    }

    [Fact]
    public async Task An_empty_body_is_one_picture()
    {
        using var answer = await _server.Client.PostAsync("v1/generate", null);
        var result = await TestServer.Body(answer, HttpStatusCode.OK);
        Assert.Single(result.GetProperty("images").EnumerateArray());
    }

    [Fact]
    public async Task The_lines_for_elsewhere_say_the_same()
    {
        var result = await _server.DrawAsync("v1/generate", """{"classes":"book","seed":7,"steps":2}""");
        var lines = result.GetProperty("equivalents");
        Assert.Equal("cm generate --model tiles --classes 5 --seed 7 --sampler multistep --steps 2", lines.GetProperty("cm").GetString());
        Assert.Equal("""curl ADDRESS/v1/generate --json '{"model":"tiles","classes":[5],"seed":7,"sampler":"multistep","steps":2,"format":"png"}'""", lines.GetProperty("curl").GetString());
        Assert.Contains("pipeline.Generate(new() { NumInferenceSteps = 2, Seeds = [7], ClassLabels = [5] });", lines.GetProperty("csharp").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"classes":["book","gold"],"seed":7,"count":3,"steps":2}""")]
    [InlineData("""{"classes":["book","gold"],"seeds":[7,8,9],"steps":2}""")]
    public async Task Each_picture_has_the_lines_that_draw_it_alone(string request)
    {
        var result = await _server.DrawAsync("v1/generate", request);
        var lines = result.GetProperty("images")[1].GetProperty("equivalents");
        Assert.Equal("cm generate --model tiles --classes 6 --seed 8 --sampler multistep --steps 2", lines.GetProperty("cm").GetString());
        Assert.Contains("Seeds = [8], ClassLabels = [6] });", lines.GetProperty("csharp").GetString(), StringComparison.Ordinal);
        var json = lines.GetProperty("curl").GetString()!.Split('\'')[1];
        var alone = await _server.DrawAsync("v1/generate", json);
        Assert.Equal(TestServer.Pictures(result)[1].Pixels, TestServer.Pictures(alone).Single().Pixels);
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public async Task Every_sampler_is_known(string sampler)
    {
        var result = await _server.DrawAsync("v1/generate", $$"""{"sampler":"{{sampler}}","steps":1,"seed":1}""");
        Assert.Equal(sampler, result.GetProperty("sampler").GetString());
    }

    public static TheoryData<string> Samplers => [.. Enum.GetNames<SamplerKind>().Select(name => name.ToLowerInvariant())];
}
