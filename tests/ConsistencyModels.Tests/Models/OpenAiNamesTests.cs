using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Models;

public class OpenAiNamesTests
{
    /// <summary>Configurations of any depth that openai's code can build.</summary>
    public static TheoryData<string> Configs() =>
    [
        UNet2DConfig.Load(RepositoryFiles.Golden("fullsize", "imagenet64", "config.json")).ToJson(),
        UNet2DConfig.Load(RepositoryFiles.Golden("fullsize", "lsun256", "config.json")).ToJson(),
        Config([64, 128, 128, 128], [false, true, true, false], layers: 3, resnet: true, scaleShift: true, classes: 10).ToJson(),
        Config([32, 64], [false, true], layers: 1, resnet: false, scaleShift: false, classes: null).ToJson(),
        Config([32, 64, 96], [true, false, false], layers: 4, resnet: false, scaleShift: true, classes: 2).ToJson(),
        Config([32], [false], layers: 2, resnet: true, scaleShift: true, classes: null).ToJson(),
        Config([64, 64, 128, 128, 256, 256, 512], [false, false, false, false, true, true, true], layers: 2, resnet: true, scaleShift: true, classes: 1000).ToJson(),
    ];

    [Theory]
    [MemberData(nameof(Configs))]
    public void The_architecture_is_inferred_from_either_names(string json)
    {
        var config = UNet2DConfig.FromJson(json);
        var network = UNet2DDescription.Of(config);
        var options = new ModelOptions { SampleSize = config.SampleSize, HeadDim = config.AttentionHeadDim };
        var openAi = OpenAiNames.For(network).Select(tensor => (tensor.Name, tensor.Shape));
        var diffusers = network.Parameters.Select(parameter => (parameter.Name, parameter.Shape));

        Assert.Equal(config.ToJson(), (new ArchitectureReader(new ShapesOnly(openAi)).OpenAi().ToConfig(options) with { Extras = config.Extras }).ToJson());
        Assert.Equal(config.ToJson(), (new ArchitectureReader(new ShapesOnly(diffusers)).Diffusers().ToConfig(options) with { Extras = config.Extras }).ToJson());
    }

    [Theory]
    [InlineData("imagenet64")]
    [InlineData("lsun256")]
    public void Published_models_need_no_help(string name)
    {
        var config = UNet2DConfig.Load(RepositoryFiles.Golden("fullsize", name, "config.json"));
        var openAi = OpenAiNames.For(UNet2DDescription.Of(config)).Select(tensor => (tensor.Name, tensor.Shape));
        var inferred = new ArchitectureReader(new ShapesOnly(openAi)).OpenAi().ToConfig(new ModelOptions());
        Assert.Equal(config.ToJson(), (inferred with { Extras = config.Extras }).ToJson());
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Every_parameter_has_one_place(string json)
    {
        var network = UNet2DDescription.Of(UNet2DConfig.FromJson(json));
        var tensors = OpenAiNames.For(network);
        Assert.Equal(network.Parameters.Select(p => p.Name).Order(), tensors.SelectMany(tensor => tensor.Parameters).Order());
        Assert.Equal(network.ParameterCount, tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (a, b) => a * b)));
        Assert.Equal(tensors.Count, tensors.Select(tensor => tensor.Name).Distinct().Count());
    }

    [Fact]
    public void Names_stand_where_openai_puts_them()
    {
        var names = OpenAiNames.For(UNet2DDescription.Of(Config([32, 64], [false, true], 1, resnet: true, scaleShift: true, classes: null)))
            .ToDictionary(tensor => tensor.Name);
        Assert.Equal(["down_blocks.0.downsamplers.0.conv1.weight"], names["input_blocks.2.0.in_layers.2.weight"].Parameters);
        Assert.Equal(["up_blocks.0.upsamplers.0.conv1.weight"], names["output_blocks.1.2.in_layers.2.weight"].Parameters);
        Assert.Equal(
            ["mid_block.attentions.0.to_q.weight", "mid_block.attentions.0.to_k.weight", "mid_block.attentions.0.to_v.weight"],
            names["middle_block.1.qkv.weight"].Parameters);
        Assert.Equal([192, 64, 1, 1], names["middle_block.1.qkv.weight"].Shape);
        var plain = OpenAiNames.For(UNet2DDescription.Of(Config([32, 64], [false, true], 1, resnet: false, scaleShift: true, classes: null)))
            .ToDictionary(tensor => tensor.Name);
        Assert.Equal(["down_blocks.0.downsamplers.0.conv.weight"], plain["input_blocks.2.0.op.weight"].Parameters);
        Assert.Equal(["up_blocks.0.upsamplers.0.conv.bias"], plain["output_blocks.1.2.conv.bias"].Parameters);
    }

    [Theory]
    [InlineData("time_embedding_type")]
    [InlineData("norm_num_groups")]
    [InlineData("center_input_sample")]
    [InlineData("freq_shift")]
    [InlineData("up_block_types")]
    [InlineData("downsample_type")]
    [InlineData("attn_norm_num_groups")]
    public void What_openai_cannot_build_is_refused_by_key(string key)
    {
        var config = Config([32, 64], [false, true], 1, resnet: true, scaleShift: true, classes: null);
        config = key switch
        {
            "time_embedding_type" => config with { TimeEmbeddingType = "fourier" },
            "norm_num_groups" => config with { NormNumGroups = 16 },
            "center_input_sample" => config with { CenterInputSample = true },
            "freq_shift" => config with { FreqShift = 1 },
            "up_block_types" => config with { UpBlockTypes = ["ResnetUpsampleBlock2D", "AttnUpBlock2D"] },
            "downsample_type" => config with { DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"] },
            _ => config with { AttnNormNumGroups = 16 },
        };
        var error = Assert.Throws<ConsistencyModelsException>(() => OpenAiNames.For(UNet2DDescription.Of(config), "x.json"));
        Assert.StartsWith("x.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_of_something_else_are_not_a_network()
    {
        var error = Assert.Throws<CheckpointException>(() => new ArchitectureReader(new ShapesOnly([("time_embed.0.weight", [4, 4])])).OpenAi());
        Assert.Contains("has 0 output_blocks", error.Message, StringComparison.Ordinal);
    }

    internal static UNet2DConfig Config(int[] widths, bool[] attention, int layers, bool resnet, bool scaleShift, int? classes) => new()
    {
        SampleSize = new ImageSize(8 << (widths.Length - 1), 8 << (widths.Length - 1)),
        BlockOutChannels = widths,
        DownBlockTypes = [.. attention.Select(a => a ? "AttnDownBlock2D" : resnet ? "ResnetDownsampleBlock2D" : "DownBlock2D")],
        UpBlockTypes = [.. attention.Reverse().Select(a => a ? "AttnUpBlock2D" : resnet ? "ResnetUpsampleBlock2D" : "UpBlock2D")],
        LayersPerBlock = layers,
        DownsampleType = resnet ? "resnet" : "conv",
        UpsampleType = resnet ? "resnet" : "conv",
        AttentionHeadDim = 32,
        ResnetTimeScaleShift = scaleShift ? "scale_shift" : "default",
        AttnNormNumGroups = scaleShift ? 32 : null,
        NumClassEmbeds = classes,
    };
}
