using System.Text.Json.Nodes;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Models;

/// <summary>
/// What is saved here against what diffusers' save_pretrained wrote of the same model (golden/openai): its files, every key and
/// value of its JSON, its tensors and metadata. So diffusers loads ours as it loads its own.
/// </summary>
public sealed class SavedLikeDiffusersTests : IDisposable
{
    private const string Weights = "unet/diffusion_pytorch_model.safetensors";
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("tiny", "model_fp32.pt", 16, 8)]
    [InlineData("cd_imagenet64_small", "model_fp16.pt", null, null)]
    [InlineData("lsun_small", "model_fp16.pt", null, null)]
    public void Converted_from_openai(string model, string file, int? headDim, int? size)
    {
        var reference = UNet2DConfig.Load(RepositoryFiles.Golden("openai", model, "diffusers", "unet", "config.json"));
        var files = new ModelOptions { HeadDim = headDim ?? reference.AttentionHeadDim, SampleSize = size is { } side ? new ImageSize(side, side) : reference.SampleSize };
        using var opened = ModelReader.Open(RepositoryFiles.Golden("openai", model, file), files);
        ModelWriter.Write(opened, _folder.File("ours"), cancellationToken: TestContext.Current.CancellationToken);
        Same(model, _folder.File("ours"));
    }

    [Fact]
    public void Loaded_and_saved_again()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(RepositoryFiles.Golden("openai", "tiny", "diffusers"), new() { Engine = new PointwiseEngine() });
        pipeline.SavePretrained(_folder.File("ours"));
        Same("tiny", _folder.File("ours"));
    }

    public void Dispose() => _folder.Dispose();

    private static void Same(string model, string ours)
    {
        var golden = RepositoryFiles.Golden("openai", model, "diffusers");
        Assert.Equal(Files(golden).Union([Weights]).Order(StringComparer.Ordinal), Files(ours));
        foreach (var name in Files(golden).Where(name => name.EndsWith(".json", StringComparison.Ordinal)))
        {
            var (expected, found) = (JsonNode.Parse(File.ReadAllText(Path.Combine(golden, name)))!, JsonNode.Parse(File.ReadAllText(Path.Combine(ours, name)))!);
            Assert.True(JsonNode.DeepEquals(expected, found), $"{name}: expected {expected.ToJsonString()}, found {found.ToJsonString()}");
        }

        // Of the larger models the conversion's hashes are recorded (OpenAiUNetCheck), of this one the file: equal to the last byte,
        // header included.
        if (model == "tiny")
        {
            Assert.True(File.ReadAllBytes(Path.Combine(golden, Weights)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(ours, Weights))), Weights);
        }

        using var weights = SafetensorsFile.Open(Path.Combine(ours, Weights));
        Assert.Equal([KeyValuePair.Create("format", "pt")], weights.Metadata);
    }

    private sealed class PointwiseEngine : INetworkEngine
    {
        public string Name => "pointwise";

        public bool CanRun(EngineOptions options, CancellationToken cancellationToken = default) => true;

        public bool CanRun(EngineOptions options) => true;

        public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default) => new PointwiseUNet(config);
    }

    private static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}
