using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Hub;

/// <summary>Everything a model can be called by ends in the same network and weights.</summary>
public sealed class FromPretrainedTests : IDisposable
{
    private readonly FakeHub _fake = new();
    private readonly CheckingEngine _engine = new();

    [Fact]
    public void By_its_name_on_the_Hub()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained("org/model", new PipelineOptions { Hub = _fake.Options, Engine = _engine, Revision = "v1" });
        Assert.Equal((1, 6, 40), (_engine.Loaded, pipeline.Config.NumClassEmbeds, pipeline.SchedulerConfig.NumTrainTimesteps));
        Assert.Contains(_fake.Hub.Requests, request => request.Path.EndsWith("/revision/v1", StringComparison.Ordinal));
        Assert.Equal(FakeHub.Commit, File.ReadAllText(_fake.CacheFile("refs", "v1")));
    }

    [Theory]
    [InlineData("model_fp32.pt")]
    [InlineData("model_fp32_legacy.pt")]
    public void By_an_openai_checkpoint(string file)
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(
            RepositoryFiles.Golden("openai", "tiny", file), new PipelineOptions { Engine = _engine, HeadDim = 16, Mode = TrainingMode.ConsistencyTraining });
        Assert.Equal((1, 16, 201), (_engine.Loaded, pipeline.Config.AttentionHeadDim, pipeline.SchedulerConfig.NumTrainTimesteps));
    }

    [Fact]
    public void By_an_address()
    {
        var checkpoint = File.ReadAllBytes(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt"));
        _fake.OnStorage = request => FakeHub.Content(request, checkpoint, new() { ["ETag"] = "\"0x8DB\"" });
        using var pipeline = ConsistencyModelPipeline.FromPretrained(
            $"{_fake.Storage.Address}consistency/ct_tiny.pt", new PipelineOptions { Hub = _fake.Options, Engine = _engine });
        Assert.Equal((1, 201), (_engine.Loaded, pipeline.SchedulerConfig.NumTrainTimesteps));
    }

    [Theory]
    [InlineData("org/name", true)]
    [InlineData("cd_imagenet64_l2", true)]
    [InlineData("https://example.org/x.pt", true)]
    [InlineData("name", false)]
    [InlineData("./org/name", false)]
    [InlineData("/org/name", false)]
    [InlineData("a/b/c", false)]
    public void Names_that_mean_a_download(string name, bool expected) => Assert.Equal(expected, ModelLocation.IsRemote(name));

    public void Dispose() => _fake.Dispose();

    /// <summary>Checks that it is handed exactly the weights of the tiny model.</summary>
    private sealed class CheckingEngine : INetworkEngine
    {
        public int Loaded { get; private set; }

        public string Name => "checking";

        public bool CanRun(EngineOptions options) => true;

        public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default)
        {
            using var reference = WeightFiles.Open(RepositoryFiles.Golden("openai", "tiny", "diffusers", "unet"));
            foreach (var name in reference.Tensors.Keys)
            {
                Assert.True(reference.Bytes(name).SequenceEqual(weights.Bytes(name)), name);
            }

            Loaded++;
            return new PointwiseUNet(config);
        }
    }
}
