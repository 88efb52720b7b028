using System.Net;
using System.Text.Json;
using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Server.Tests.Api;

public sealed class EditTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly ImageBuffer Tile = TestImages.Noise(32, 32, 3, 1);

    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Inpainting_fills_what_is_white_and_keeps_the_rest()
    {
        var mask = new ImageBuffer(32, 32, 1);
        for (var y = 8; y < 20; y++)
        {
            mask.Row(y).Slice(4, 10).Fill(255);
        }

        var result = await Post("inpaint", [("image", Tile), ("mask", mask)], ("seed", "3"), ("count", "2"), ("steps", "2"), ("classes", "wall"));
        using var alone = TestServer.Alone();
        var expected = alone.Inpaint([Tile, Tile], FillMask.FromImage(mask).Known, new() { Seeds = [3, 4], NumInferenceSteps = 2, ClassLabels = [1] });
        Equal(expected.Images, result);
        Assert.Equal(Tile.Pixel(0, 0), TestServer.Pictures(result)[0].Pixel(0, 0));
    }

    [Fact]
    public async Task A_rectangle_is_a_mask()
    {
        var result = await Post("inpaint", [("image", Tile)], ("rect", "8,8,16,16"), ("seed", "3"), ("steps", "1"));
        using var alone = TestServer.Alone();
        Equal(alone.Inpaint([Tile], ImageMask.Rectangle(new(32, 32), 8, 8, 16, 16), new() { Seeds = [3], NumInferenceSteps = 1 }).Images, result);
    }

    [Fact]
    public async Task What_is_transparent_can_be_filled()
    {
        var hole = Tile.WithChannels(4);
        hole = new ImageBuffer(32, 32, 4, [.. hole.Pixels]);
        for (var x = 0; x < 16; x++)
        {
            hole.Pixel(x, 5)[3] = 0;
        }

        var result = await Post("inpaint", [("image", hole)], ("alpha", "true"), ("seed", "3"), ("steps", "1"));
        using var alone = TestServer.Alone();
        Equal(alone.Inpaint([hole.WithChannels(3)], FillMask.FromAlpha(hole).Known, new() { Seeds = [3], NumInferenceSteps = 1 }).Images, result);
    }

    [Fact]
    public async Task Colorizing_keeps_the_gray()
    {
        var result = await Post("colorize", [("image", TestImages.Noise(32, 32, 1, 4))], ("seed", "9"), ("steps", "2"));
        using var alone = TestServer.Alone();
        Equal(alone.Colorize([TestImages.Noise(32, 32, 1, 4)], new() { Seeds = [9], NumInferenceSteps = 2 }).Images, result);
    }

    [Fact]
    public async Task A_small_picture_is_enlarged()
    {
        var small = TestImages.Noise(8, 8, 3, 2);
        var result = await Post("superres", [("image", small)], ("seed", "9"), ("steps", "2"), ("factor", "4"));
        using var alone = TestServer.Alone();
        Equal(alone.SuperResolve([small], 4, new() { Seeds = [9], NumInferenceSteps = 2 }).Images, result);
    }

    [Fact]
    public async Task A_picture_larger_than_the_model_is_enlarged_in_tiles()
    {
        var result = await Post("superres", [("image", TestImages.Noise(20, 30, 3, 2))], ("seed", "9"), ("steps", "1"), ("factor", "2"));
        Assert.Equal((40, 60), (result.GetProperty("width").GetInt32(), result.GetProperty("height").GetInt32()));
        Assert.NotEmpty(result.GetProperty("notes").EnumerateArray());
    }

    [Theory]
    [InlineData("stroke", 1)]
    [InlineData("variations", 4)]
    public async Task Strokes_and_variations_start_at_the_models_own_level(string kind, int count)
    {
        var result = await Post(kind, [("image", Tile)], ("seed", "5"), ("steps", "2"));
        using var alone = TestServer.Alone();
        var levels = alone.Model.EditDefaults;
        var sigma = kind == "stroke" ? levels.StrokeSigma : levels.VariationSigma;
        Equal(alone.Stroke([.. Enumerable.Repeat(Tile, count)], sigma, new() { Seeds = [.. Enumerable.Range(5, count).Select(seed => (ulong)seed)], NumInferenceSteps = 2 }).Images, result);
        Assert.Equal(sigma, result.GetProperty("request").GetProperty("sigma").GetDouble());
    }

    [Fact]
    public async Task Noise_is_taken_out()
    {
        var result = await Post("denoise", [("image", Tile)], ("seed", "5"), ("sigma", "0.4"), ("add_noise", "true"));
        using var alone = TestServer.Alone();
        Equal(alone.Edit([Tile], ImageEdit.Denoise(0.4, addNoise: true), new EditOptions { Seeds = [5] }).Images, result);
    }

    [Fact]
    public async Task Frames_go_from_one_picture_to_another()
    {
        var other = TestImages.Noise(32, 32, 3, 9);
        var result = await Post("interpolate", [("image", Tile), ("to", other)], ("frames", "5"), ("seed", "2"), ("classes", "3"));
        using var alone = TestServer.Alone();
        var expected = alone.Interpolate(Tile, other, 5, alone.Model.EditDefaults.VariationSigma, new() { Seed = 2, ClassLabels = [3] });
        Equal(expected.Images, result);
        Assert.Equal(Tile.Pixels, TestServer.Pictures(result)[0].Pixels);
    }

    [Fact]
    public async Task Frames_go_from_one_seed_to_another()
    {
        var result = await Post("interpolate", [], ("seeds", "1,2"), ("frames", "3"), ("seed", "2"));
        using var alone = TestServer.Alone();
        Equal(alone.Interpolate(alone.LatentOf(1), alone.LatentOf(2), 3, new() { Seed = 2 }).Images, result);
    }

    [Fact]
    public async Task A_picture_of_another_size_is_fitted_and_pasted_back()
    {
        var photo = TestImages.Noise(48, 40, 3, 3);
        var result = await Post("inpaint", [("image", photo)], ("rect", "10,10,12,12"), ("paste", "true"), ("seed", "1"), ("steps", "1"));
        var picture = Assert.Single(TestServer.Pictures(result));
        Assert.Equal((48, 40), (picture.Width, picture.Height));
        Assert.Equal(photo.Pixel(0, 0), picture.Pixel(0, 0));
        var tiled = await Post("inpaint", [("image", photo)], ("rect", "10,10,12,12"), ("fit", "tile"), ("seed", "1"), ("steps", "1"));
        Assert.Equal((48, 40), (tiled.GetProperty("width").GetInt32(), tiled.GetProperty("height").GetInt32()));
    }

    [Fact]
    public async Task Transparency_stays_where_the_model_knows_none()
    {
        var glass = new ImageBuffer(32, 32, 4, [.. Tile.WithChannels(4).Pixels]);
        glass.Pixel(3, 3)[3] = 40;
        var result = await Post("stroke", [("image", glass)], ("seed", "1"), ("steps", "1"));
        Assert.Equal(40, TestServer.Pictures(result, channels: 4)[0].Pixel(3, 3)[3]);
    }

    [Fact]
    public async Task Pictures_in_json_are_base64()
    {
        var data = Convert.ToBase64String(ImageEncoder.Encode(Tile));
        var plain = await _server.DrawAsync("v1/edit/stroke", $$"""{"image":"{{data}}","seed":1,"steps":1}""");
        var marked = await _server.DrawAsync("v1/edit/stroke", $$"""{"image":"data:image/png;base64,{{data}}","seed":1,"steps":1}""");
        Assert.Equal(TestServer.Pictures(plain)[0].Pixels, TestServer.Pictures(marked)[0].Pixels);
    }

    private static void Equal(IReadOnlyList<ImageBuffer> expected, JsonElement result) =>
        Assert.Equal(expected.Select(image => image.Pixels), TestServer.Pictures(result).Select(image => image.Pixels));

    private async Task<JsonElement> Post(string kind, (string Name, ImageBuffer Image)[] pictures, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, image) in pictures)
        {
            form.Add(new ByteArrayContent(ImageEncoder.Encode(image)), name, $"{name}.png");
        }

        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        using var answer = await _server.Client.PostAsync($"v1/edit/{kind}", form);
        return await TestServer.Body(answer, HttpStatusCode.OK);
    }
}
