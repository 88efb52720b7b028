using System.Text.Json;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

public class UNet2DConfigEqualityTests
{
    private const string Json = """{"block_out_channels": [32, 64, 64, 64], "num_class_embeds": 4, "later": {"a": [1, 2.0]}, "_name_or_path": "x"}""";

    [Fact]
    public void Two_readings_of_one_file_are_equal()
    {
        var (a, b) = (UNet2DConfig.FromJson(Json), UNet2DConfig.FromJson(Json));
        Assert.NotSame(a.BlockOutChannels, b.BlockOutChannels);
        Assert.Equal(a, b);
        Assert.True(a == b);
        Assert.Equal(a.GetHashCode(), b.GetHashCode());
    }

    [Fact]
    public void Defaults_are_equal_however_they_are_given() =>
        Assert.Equal(new UNet2DConfig(), new UNet2DConfig { BlockOutChannels = [224, 448, 672, 896], UpBlockTypes = [.. new UNet2DConfig().UpBlockTypes] });

    public static TheoryData<string, UNet2DConfig> Others()
    {
        var config = UNet2DConfig.FromJson(Json);
        return new()
        {
            { "a list's element", config with { BlockOutChannels = [32, 64, 64, 96] } },
            { "a list's order", config with { BlockOutChannels = [64, 32, 64, 64] } },
            { "a shorter list", config with { BlockOutChannels = [32, 64, 64] } },
            { "down blocks", config with { DownBlockTypes = ["DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"] } },
            { "up blocks", config with { UpBlockTypes = ["UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"] } },
            { "a number", config with { NormEps = 1e-6 } },
            { "an unknown key less", config with { Extras = config.Extras.Where(pair => pair.Key != "later").ToDictionary() } },
            { "an unknown key's value", UNet2DConfig.FromJson(Json.Replace("2.0", "3.0", StringComparison.Ordinal)) },
        };
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void What_differs_anywhere_is_not_equal(string what, UNet2DConfig other) => Assert.False(UNet2DConfig.FromJson(Json) == other, what);

    [Fact]
    public void Unknown_keys_are_equal_in_any_order()
    {
        var config = UNet2DConfig.FromJson(Json);
        var turned = config with { Extras = config.Extras.Reverse().ToDictionary() };
        Assert.Equal(config, turned);
        Assert.Equal(config.GetHashCode(), turned.GetHashCode());
    }

    [Fact]
    public void Nobody_changes_a_configuration_afterwards()
    {
        List<int> widths = [32, 64, 64, 64];
        Dictionary<string, JsonElement> extras = [];
        var config = new UNet2DConfig { BlockOutChannels = widths, Extras = extras };
        widths[0] = 0;
        extras["later"] = default;
        Assert.Equal([32, 64, 64, 64], config.BlockOutChannels);
        Assert.Empty(config.Extras);
    }
}
