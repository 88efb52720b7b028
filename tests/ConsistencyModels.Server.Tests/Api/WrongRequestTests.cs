using System.Net;
using System.Text;
using ConsistencyModels.Imaging;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>Each wrong request is told which field, what was found and what was expected.</summary>
public sealed class WrongRequestTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly string Tile = Convert.ToBase64String(ImageEncoder.Encode(TestImages.Noise(32, 32, 3, 1)));

    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("generate", """{"steps":0}""", "steps", "0")]
    [InlineData("generate", """{"steps":"2"}""", "steps", "'2'")]
    [InlineData("generate", """{"steps":2.5}""", "steps", "2.5")]
    [InlineData("generate", """{"steps":99}""", "steps", null)]
    [InlineData("generate", """{"count":65}""", "count", "65")]
    [InlineData("generate", """{"classes":["book","boat"]}""", "classes[1]", "'boat'")]
    [InlineData("generate", """{"classes":[20]}""", "classes[0]", "'20'")]
    [InlineData("generate", """{"classes":[]}""", "classes", "a list of 0")]
    [InlineData("generate", """{"seed":-1}""", "seed", "-1")]
    [InlineData("generate", """{"seed":18446744073709551616}""", "seed", "18446744073709551616")]
    [InlineData("generate", """{"seeds":[1,"x"]}""", "seeds[1]", "'x'")]
    [InlineData("generate", """{"seeds":[1],"seed":2}""", "seeds", "both seed and seeds")]
    [InlineData("generate", """{"seeds":[1,2],"count":3}""", "seeds", "2 seeds for 3 pictures")]
    [InlineData("generate", """{"sampler":"ddim"}""", "sampler", "'ddim'")]
    [InlineData("generate", """{"timesteps":[0,22]}""", "timesteps", null)]
    [InlineData("generate", """{"timesteps":[22,0],"steps":2}""", "timesteps", "both steps and timesteps")]
    [InlineData("generate", """{"sigma_max":0}""", "sigma_max", "0")]
    [InlineData("generate", """{"sigma_max":0.001}""", "sigma_max", null)]
    [InlineData("generate", """{"churn":1}""", "churn", null)]

    [InlineData("generate", """{"width":2000,"height":2000}""", "width", "a result of 2000x2000 pixels")]
    [InlineData("generate", """{"width":30}""", "width", null)]
    [InlineData("generate", """{"format":"gif"}""", "format", "'gif'")]
    [InlineData("generate", """{"quality":0}""", "quality", "0")]
    [InlineData("generate", """{"previews":1}""", "previews", "1")]
    [InlineData("generate", """{"timeout_seconds":1e9}""", "timeout_seconds", "1e9")]
    [InlineData("generate", """{"model":"../../etc/passwd"}""", "model", "'../../etc/passwd'", HttpStatusCode.NotFound)]
    [InlineData("generate", """{"model":"http://example.org/m"}""", "model", "'http://example.org/m'", HttpStatusCode.NotFound)]
    [InlineData("generate", """{"image":"aaaa"}""", "image", "a field that generate does not have")]
    [InlineData("generate", """{"stepz":1}""", "stepz", "a field that does not exist")]
    [InlineData("generate", """{"steps":1,"steps":2}""", "steps", "the field twice")]
    [InlineData("generate", """[1]""", "body", "a list of 1")]
    [InlineData("generate", """{"a":{"b":{"c":{"d":{"e":1}}}}}""", "body", null)]
    [InlineData("generate", """{"steps":""", "body", null)]
    [InlineData("edit/inpaint", """{}""", "image", "nothing")]
    [InlineData("edit/inpaint", """{"image":"TILE"}""", "mask", "nothing that says what to fill")]
    [InlineData("edit/inpaint", """{"image":"TILE","mask":"TILE","rect":[1,1,2,2]}""", "mask", "several of mask, rect and alpha")]
    [InlineData("edit/inpaint", """{"image":"TILE","rect":[1,1,2]}""", "rect", "a list of 3")]
    [InlineData("edit/inpaint", """{"image":"TILE","rect":[30,30,9,9]}""", "rect", null)]
    [InlineData("edit/inpaint", """{"image":"TILE","alpha":true}""", "alpha", "a mask that fills nothing")]
    [InlineData("edit/inpaint", """{"image":"/etc/passwd","rect":[1,1,2,2]}""", "image", "'/etc/passwd'")]
    [InlineData("edit/inpaint", """{"image":"http://127.0.0.1/a.png","rect":[1,1,2,2]}""", "image", "'http://127.0.0.1/a.png'")]
    [InlineData("edit/inpaint", """{"image":"data:text/html,hello","rect":[1,1,2,2]}""", "image", "'data:text/html,hello'")]
    [InlineData("edit/inpaint", """{"image":"aGVsbG8=","rect":[1,1,2,2]}""", "image", null)]
    [InlineData("edit/superres", """{"image":"TILE","factor":5,"fit":"pad"}""", "factor", null)]
    [InlineData("edit/superres", """{"image":"TILE","factor":100}""", "factor", "100")]
    [InlineData("edit/superres", """{"image":"TILE","fit":"crop"}""", "fit", null, HttpStatusCode.OK)]
    [InlineData("edit/stroke", """{"image":"TILE","sigma":0.0001}""", "sigma", null)]
    [InlineData("edit/stroke", """{"image":"TILE","timesteps":[3,0]}""", "timesteps", "a field that edit/stroke does not have")]
    [InlineData("edit/denoise", """{"image":"TILE"}""", "sigma", "nothing")]
    [InlineData("edit/interpolate", """{"image":"TILE"}""", "to", "nothing")]
    [InlineData("edit/interpolate", """{"seeds":[1]}""", "seeds", "1 seeds")]
    [InlineData("edit/interpolate", """{"seeds":[1,2],"frames":1}""", "frames", "1")]
    [InlineData("edit/crop", """{}""", "kind", "'edit/crop'", HttpStatusCode.NotFound)]
    [InlineData("jobs/edit/crop", """{}""", "kind", "'edit/crop'", HttpStatusCode.NotFound)]
    public async Task A_field_is_named(string path, string json, string field, string? found, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        using var answer = await _server.PostAsync($"v1/{path}", json.Replace("TILE", Tile, StringComparison.Ordinal));
        var body = await TestServer.Body(answer, status);
        if (status == HttpStatusCode.OK)
        {
            return;
        }

        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(field, body.GetProperty("field").GetString());
        Assert.StartsWith($"{field}: ", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', body.GetProperty("detail").GetString()!);
        if (found is not null)
        {
            Assert.Equal(found, body.GetProperty("found").GetString());
            Assert.NotEmpty(body.GetProperty("expected").GetString()!);
        }
    }

    [Theory]
    [InlineData("text/plain", "hello", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/x-www-form-urlencoded", "steps=1", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/form-data", "x", HttpStatusCode.BadRequest)]
    [InlineData("multipart/form-data; boundary=b", "no parts", HttpStatusCode.BadRequest)]
    [InlineData("multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--\r\n", HttpStatusCode.BadRequest)]
    public async Task A_type_that_it_does_not_read_is_refused(string type, string body, HttpStatusCode status)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var answer = await _server.Client.PostAsync("v1/generate", content);
        await TestServer.Body(answer, status);
    }

    [Fact]
    public async Task A_text_that_is_no_text_is_refused()
    {
        using var content = new ByteArrayContent([.. """{"model":"""u8, (byte)'"', 0xff, 0xfe, (byte)'"', (byte)'}']);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var answer = await _server.Client.PostAsync("v1/generate", content);
        await TestServer.Body(answer, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_picture_that_would_not_fit_into_memory_is_refused_by_its_header()
    {
        // 60,000 x 60,000 in a few bytes.
        var bomb = ImageEncoder.Encode(TestImages.Solid(1, 1, 9, 9, 9));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(16), 60_000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(20), 60_000);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(bomb), "image", "a.png" } };
        using var answer = await _server.Client.PostAsync("v1/edit/stroke", form);
        Assert.Equal("image", (await TestServer.Body(answer, HttpStatusCode.BadRequest)).GetProperty("field").GetString());
    }

    [Fact]
    public async Task What_it_cannot_tell_in_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate");
        request.Headers.Add("Accept", "video/mp4");
        using var answer = await _server.Client.SendAsync(request);
        Assert.Equal("Accept", (await TestServer.Body(answer, HttpStatusCode.NotAcceptable)).GetProperty("field").GetString());
    }

    [Fact]
    public async Task Several_pictures_are_not_one_file()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = new StringContent("""{"count":2}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("Accept", "image/png");
        using var answer = await _server.Client.SendAsync(request);
        Assert.Equal("count", (await TestServer.Body(answer, HttpStatusCode.BadRequest)).GetProperty("field").GetString());
    }
}
