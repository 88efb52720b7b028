using System.Text.Json;
using System.Text.Json.Nodes;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

public class UNet2DConfigFileTests
{
    public static TheoryData<string> ReferenceConfigs =>
        [.. Directory.EnumerateFiles(RepositoryFiles.Golden(), "config.json", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(RepositoryFiles.Golden(), path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(ReferenceConfigs))]
    public void Every_key_of_a_config_diffusers_wrote_comes_back_with_its_value(string path)
    {
        using var folder = new TempFolder();
        var saved = folder.File("config.json");
        UNet2DConfig.Load(RepositoryFiles.Golden(path)).Save(saved);
        var original = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Golden(path)))!.AsObject();
        var again = JsonNode.Parse(File.ReadAllText(saved))!.AsObject();
        foreach (var (key, value) in original)
        {
            Assert.True(again.ContainsKey(key), key);
            Assert.True(Same(value, again[key]), $"{key}: {again[key]?.ToJsonString() ?? "null"}, was {value?.ToJsonString() ?? "null"}");
        }
    }

    [Fact]
    public void Everything_a_config_can_say_survives()
    {
        var config = new UNet2DConfig
        {
            SampleSize = new ImageSize(16, 32),
            InChannels = 1,
            OutChannels = 1,
            CenterInputSample = true,
            TimeEmbeddingType = "fourier",
            TimeEmbeddingDim = 48,
            FreqShift = 1,
            FlipSinToCos = false,
            DownBlockTypes = ["DownBlock2D", "ResnetDownsampleBlock2D"],
            MidBlockType = null,
            UpBlockTypes = ["ResnetUpsampleBlock2D", "UpBlock2D"],
            BlockOutChannels = [16, 24],
            LayersPerBlock = 3,
            MidBlockScaleFactor = 1.5,
            DownsamplePadding = 0,
            DownsampleType = "resnet",
            UpsampleType = "resnet",
            Dropout = 0.25,
            ActFn = "swish",
            AttentionHeadDim = null,
            NormNumGroups = 8,
            AttnNormNumGroups = 4,
            NormEps = 1e-6,
            ResnetTimeScaleShift = "scale_shift",
            AddAttention = false,
            NumClassEmbeds = 7,
            Extras = new Dictionary<string, JsonElement> { ["_name_or_path"] = JsonSerializer.SerializeToElement("somewhere") },
        };
        var again = UNet2DConfig.FromJson(config.ToJson());
        Assert.Equal(config.ToJson(), again.ToJson());
        Assert.Equal(config.SampleSize, again.SampleSize);
        Assert.Null(again.MidBlockType);
        Assert.Null(again.AttentionHeadDim);
        Assert.Equal("somewhere", again.Extras["_name_or_path"].GetString());
    }

    [Fact]
    public void An_empty_config_has_diffusers_defaults()
    {
        Assert.Equal(new UNet2DConfig().ToJson(), UNet2DConfig.FromJson("{}").ToJson());
    }

    [Theory]
    [InlineData("""{"_class_name": "UNet2DConditionModel"}""", "UNet2DModel")]
    [InlineData("""{"class_embed_type": "timestep"}""", "class_embed_type")]
    [InlineData("""{"sample_size": [1, 2, 3]}""", "sample_size")]
    [InlineData("""{"block_out_channels": "wide"}""", "block_out_channels")]
    [InlineData("""{"norm_eps": -1}""", "norm_eps")]
    public void What_cannot_be_honoured_is_refused_by_file_and_key(string json, string says)
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => UNet2DConfig.FromJson(json, "unet/config.json"));
        Assert.Contains("unet/config.json", error.Message);
        Assert.Contains(says, error.Message);
    }

    [Theory]
    [InlineData("time_embedding_type", "\"learned\"", "time_embedding_type is \"learned\", expected \"positional\" or \"fourier\"")]
    [InlineData("resnet_time_scale_shift", "\"ada_group\"", "resnet_time_scale_shift is \"ada_group\", expected \"default\" or \"scale_shift\"")]
    [InlineData("downsample_type", "\"pool\"", "downsample_type is \"pool\", expected \"conv\" or \"resnet\"")]
    [InlineData("upsample_type", "\"\"", "upsample_type is \"\", expected \"conv\" or \"resnet\"")]
    [InlineData("act_fn", "\"relu\"", "act_fn is \"relu\", expected \"silu\" or \"swish\"")]
    [InlineData("mid_block_type", "\"Mid\"", "mid_block_type is \"Mid\", expected \"UNetMidBlock2D\" or null")]
    [InlineData(
        "down_block_types",
        """["DownBlock2D", "Foo", "DownBlock2D", "DownBlock2D"]""",
        "down_block_types is \"Foo\", expected \"DownBlock2D\" or \"AttnDownBlock2D\" or \"ResnetDownsampleBlock2D\"")]
    [InlineData(
        "up_block_types",
        """["UpBlock2D", "DownBlock2D", "UpBlock2D", "UpBlock2D"]""",
        "up_block_types is \"DownBlock2D\", expected \"UpBlock2D\" or \"AttnUpBlock2D\" or \"ResnetUpsampleBlock2D\"")]
    public void An_unknown_word_is_refused_with_the_known_ones(string key, string value, string says)
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => UNet2DConfig.FromJson($"{{\"{key}\": {value}}}", "unet/config.json"));
        Assert.Equal($"unet/config.json: {says}", error.Message);
    }

    // 1 and 1.0 are one number in JSON and in Python's comparison.
    private static bool Same(JsonNode? a, JsonNode? b) =>
        a?.GetValueKind() == JsonValueKind.Number && b?.GetValueKind() == JsonValueKind.Number
            ? a.GetValue<JsonElement>().GetDouble().Equals(b.GetValue<JsonElement>().GetDouble())
            : JsonNode.DeepEquals(a, b);
}
