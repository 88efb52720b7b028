using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class NewTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_does_not()
    {
        var config = TinyModel.Config(_folder);
        foreach (var (name, seed) in new[] { ("a", "5"), ("b", "5"), ("c", "6") })
        {
            Cm.Succeed("new", config, "--out", _folder[name], "--seed", seed);
        }

        var a = File.ReadAllBytes(TinyModel.Weights(_folder["a"]));
        Assert.Equal(a, File.ReadAllBytes(TinyModel.Weights(_folder["b"])));
        Assert.NotEqual(a, File.ReadAllBytes(TinyModel.Weights(_folder["c"])));
    }

    [Fact]
    public void Values_follow_each_parameters_distribution()
    {
        var model = TinyModel.Make(_folder);
        var network = UNet2DConfig.Load(Path.Combine(model, "unet", "config.json"));
        using var file = SafetensorsFile.Open(TinyModel.Weights(model));
        foreach (var parameter in UNet2DDescription.Of(network).Parameters)
        {
            var values = new float[parameter.Count];
            file.CopyTo(parameter.Name, values);
            switch (parameter.Initialization)
            {
                case ParameterInitialization.One:
                    Assert.All(values, value => Assert.Equal(1, value));
                    break;
                case ParameterInitialization.Zero:
                    Assert.All(values, value => Assert.Equal(0, value));
                    break;
                case ParameterInitialization.UniformFanIn:
                    Assert.All(values, value => Assert.InRange(Math.Abs(value), 0, 1 / MathF.Sqrt(parameter.FanIn)));
                    Assert.True(values.Distinct().Count() > values.Length / 2);
                    break;
            }
        }
    }

    [Theory]
    [InlineData("f16", TensorDType.F16)]
    [InlineData("bf16", TensorDType.BF16)]
    public void Half_precision_is_the_same_model_rounded(string word, TensorDType dtype)
    {
        var config = TinyModel.Config(_folder);
        Cm.Succeed("new", config, "--out", _folder["full"]);
        Cm.Succeed("new", config, "--out", _folder["half"], "--dtype", word);
        using var full = SafetensorsFile.Open(TinyModel.Weights(_folder["full"]));
        using var half = SafetensorsFile.Open(TinyModel.Weights(_folder["half"]));
        const string name = "conv_out.weight";
        Assert.Equal(dtype, half.Tensors[name].DType);
        var (a, b) = (new float[full.Tensors[name].ElementCount], new float[half.Tensors[name].ElementCount]);
        full.CopyTo(name, a);
        half.CopyTo(name, b);
        Assert.All(a.Zip(b), pair => Assert.InRange(pair.Second, pair.First - 0.001f, pair.First + 0.001f));
        Cm.Succeed("generate", "--model", _folder["half"], "--out", _folder["out"]);
    }

    [Theory]
    [InlineData("tiny32")]
    [InlineData("tiles32")]
    [InlineData("base32")]
    [InlineData("base64")]
    [InlineData("imagenet64")]
    [InlineData("lsun256")]
    public void Every_preset_is_a_network(string preset)
    {
        var network = NetworkPresets.Load(preset);
        Assert.NotNull(network.SampleSize);
        Assert.True(UNet2DDescription.Of(network).ParameterCount > 500_000);
        Assert.DoesNotContain(network.Extras.Keys, key => !key.StartsWith('_'));
    }

    [Theory]
    [InlineData("imagenet64", 295_899_267)]
    [InlineData("lsun256", 526_304_771)]
    public void Presets_of_published_networks_are_those(string preset, long parameters)
    {
        var network = NetworkPresets.Load(preset);
        Assert.Equal(parameters, UNet2DDescription.Of(network).ParameterCount);
        var recorded = UNet2DConfig.Load(RepositoryFiles.Golden("fullsize", preset, "config.json"));
        Assert.Equal((recorded with { Extras = network.Extras }).ToJson(), network.ToJson());
    }

    [Fact]
    public void A_preset_gets_as_many_classes_as_names()
    {
        Cm.Succeed("new", "tiny32", "--out", _folder["m"], "--class-names", "a,b,c,d", "--train-timesteps", "151");
        var result = Cm.Succeed("info", _folder["m"]);
        Assert.Contains("4: 0 a, 1 b, 2 c, 3 d", result.Out);
        Assert.Contains("151 timesteps", result.Out);
    }

    [Fact]
    public void A_folder_with_something_in_it_is_left_alone_unless_forced()
    {
        var model = TinyModel.Make(_folder);
        var before = File.ReadAllBytes(TinyModel.Weights(model));
        Assert.Contains("--force", Cm.Refuse("new", TinyModel.Config(_folder), "--out", model));
        Assert.Equal(before, File.ReadAllBytes(TinyModel.Weights(model)));
        Cm.Succeed("new", TinyModel.Config(_folder), "--out", model, "--force");
        Assert.NotEqual(before, File.ReadAllBytes(TinyModel.Weights(model)));
    }

    [Fact]
    public void A_cancelled_command_leaves_no_half_of_a_model()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var result = Cm.Run(source.Token, "new", TinyModel.Config(_folder), "--out", _folder["m"]);
        Assert.Equal(130, result.Code);
        Assert.False(Directory.Exists(_folder["m"]));
    }

    [Fact]
    public void There_may_be_fewer_names_than_classes_but_not_more()
    {
        Cm.Succeed("new", TinyModel.Config(_folder), "--out", _folder["fewer"], "--class-names", "a,b");
        Assert.Contains("num_class_embeds is 3", Cm.Refuse("new", TinyModel.Config(_folder), "--out", _folder["more"], "--class-names", "a,b,c,d"));
        Assert.False(Directory.Exists(_folder["more"]));
    }
}
