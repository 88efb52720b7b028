using System.Text.Json.Nodes;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Engines;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Models;

public class PipelineFolderTests
{
    private static readonly UNet2DConfig Network = PointwiseUNet.SmallConfig(classes: 4);

    [Fact]
    public void What_is_saved_loads_again_with_the_same_weights_names_and_settings()
    {
        using var folder = new TempFolder();
        var weights = WriteWeights(folder);
        var scheduler = new CMStochasticIterativeSchedulerConfig { NumTrainTimesteps = 151, ClipDenoised = false, SigmaMax = 50.5 };
        var target = folder.File("saved");
        using (var made = new ConsistencyModelPipeline(
            new PointwiseUNet(Network), scheduler, new ClassNames(["a", "b, c"]), () => SafetensorsFile.Open(weights)))
        {
            made.SavePretrained(target);
        }

        var engine = new RecordingEngine();
        using var loaded = ConsistencyModelPipeline.FromPretrained(
            target, new() { Engine = engine, Device = "cuda:1", DType = TensorDType.BF16, Threads = 3 });
        Assert.Equal(scheduler, loaded.SchedulerConfig with { Extras = scheduler.Extras });
        Assert.Equal(Network.ToJson(), loaded.Config.ToJson());
        Assert.Equal(["a", "b, c"], loaded.ClassNames!.ById.Values);
        Assert.Equal(new EngineOptions { Device = "cuda:1", DType = TensorDType.BF16, Threads = 3 }, engine.Options);
        Assert.Equal(UNet2DDescription.Of(Network).Parameters.Select((p, index) => KeyValuePair.Create(p.Name, Values(p, index))).ToDictionary(), engine.Contents);
    }

    [Fact]
    public void A_loaded_pipeline_is_saved_again_even_over_its_own_folder_and_narrower()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        using var pipeline = ConsistencyModelPipeline.FromPretrained(target, new() { Engine = new RecordingEngine() });
        pipeline.SavePretrained(target, TensorDType.F16);
        using var weights = WeightFiles.Open(Path.Combine(target, "unet"));
        Assert.All(weights.Tensors.Values, tensor => Assert.Equal(TensorDType.F16, tensor.DType));
        Assert.Equal("pt", weights.Metadata["format"]);
    }

    [Fact]
    public void The_folder_has_the_files_and_keys_diffusers_looks_for()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var files = Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(target, path).Replace('\\', '/'));
        Assert.Equal(
            ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors"],
            files.Order(StringComparer.Ordinal));
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "model_index.json")))!;
        Assert.Equal("ConsistencyModelPipeline", (string?)index["_class_name"]);
        Assert.Equal("0.23.0", (string?)index["_diffusers_version"]);
        Assert.Equal("""["diffusers","UNet2DModel"]""", index["unet"]!.ToJsonString());
        Assert.Equal("""["diffusers","CMStochasticIterativeScheduler"]""", index["scheduler"]!.ToJsonString());
        Assert.Null(index["id2label"]);
    }

    [Fact]
    public void An_index_of_shards_from_an_earlier_save_does_not_win()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var stale = Path.Combine(target, "unet", "diffusion_pytorch_model.safetensors.index.json");
        using (var pipeline = ConsistencyModelPipeline.FromPretrained(target, new() { Engine = new RecordingEngine() }))
        {
            File.Copy(Path.Combine(target, "unet", "diffusion_pytorch_model.safetensors"), Path.Combine(target, "unet", "shard.safetensors"));
            using var source = SafetensorsFile.Open(Path.Combine(target, "unet", "shard.safetensors"));
            var map = new JsonObject(source.Tensors.Keys.Select(name => KeyValuePair.Create<string, JsonNode?>(name, "shard.safetensors")));
            File.WriteAllText(stale, new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
            pipeline.SavePretrained(target, TensorDType.BF16);
        }

        Assert.False(File.Exists(stale));
        using var weights = WeightFiles.Open(Path.Combine(target, "unet"));
        Assert.All(weights.Tensors.Values, tensor => Assert.Equal(TensorDType.BF16, tensor.DType));
    }

    [Fact]
    public void Keys_this_library_does_not_know_survive()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var path = Path.Combine(target, "model_index.json");
        var index = JsonNode.Parse(File.ReadAllText(path))!;
        index["safety_checker"] = new JsonArray(null, null);
        index["_diffusers_version"] = "0.17.0.dev0";
        File.WriteAllText(path, index.ToJsonString());
        var again = folder.File("again");
        using (var pipeline = ConsistencyModelPipeline.FromPretrained(target, new() { Engine = new RecordingEngine() }))
        {
            pipeline.SavePretrained(again);
        }

        var saved = JsonNode.Parse(File.ReadAllText(Path.Combine(again, "model_index.json")))!;
        Assert.True(JsonNode.DeepEquals(index, saved), saved.ToJsonString());
    }

    [Fact]
    public void A_variant_is_read_where_asked_for()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var unet = Path.Combine(target, "unet");
        File.Move(Path.Combine(unet, "diffusion_pytorch_model.safetensors"), Path.Combine(unet, "diffusion_pytorch_model.fp16.safetensors"));
        using (ConsistencyModelPipeline.FromPretrained(target, new() { Engine = new RecordingEngine(), Variant = "fp16" }))
        {
        }

        var error = Assert.ThrowsAny<ConsistencyModelsException>(() => ConsistencyModelPipeline.FromPretrained(target, new() { Engine = new RecordingEngine() }));
        Assert.Contains("diffusion_pytorch_model.fp16.safetensors", error.Message);
    }

    [Theory]
    [InlineData("_class_name", "\"StableDiffusionPipeline\"", "\"ConsistencyModelPipeline\"")]
    [InlineData("unet", "[\"diffusers\", \"UNet2DConditionModel\"]", "\"UNet2DModel\"")]
    [InlineData("scheduler", "[\"diffusers\", \"DDIMScheduler\"]", "\"CMStochasticIterativeScheduler\"")]
    [InlineData("unet", "[null, null]", "strings")]
    [InlineData("id2label", "[\"a\"]", "class names by index")]
    public void Other_pipelines_are_refused_with_file_key_and_what_was_found(string key, string value, string expected)
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var path = Path.Combine(target, "model_index.json");
        var index = JsonNode.Parse(File.ReadAllText(path))!;
        index[key] = JsonNode.Parse(value);
        File.WriteAllText(path, index.ToJsonString());
        var error = Assert.Throws<ConsistencyModelsException>(() => ConsistencyModelPipeline.FromPretrained(target, new() { Engine = new RecordingEngine() }));
        Assert.Contains(path, error.Message);
        Assert.Contains(key, error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Without_the_engine_that_a_precision_needs_the_error_says_so()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var options = new PipelineOptions { DType = TensorDType.BF16 };
        var error = Assert.Throws<ConsistencyModelsException>(() => ConsistencyModelPipeline.FromPretrained(target, options));
        Assert.Contains("the package ConsistencyModels.Torch", error.Message);
        Assert.Equal("cpu", EngineRegistry.Managed.For(new()).Name);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => ConsistencyModelPipeline.FromPretrained("no/such/model"));
        Assert.Contains("no/such/model: there is no such file or folder", error.Message);
    }

    [Fact]
    public void A_pipeline_of_parts_without_weights_cannot_be_saved()
    {
        using var folder = new TempFolder();
        using var pipeline = new ConsistencyModelPipeline(new PointwiseUNet(Network));
        Assert.Throws<InvalidOperationException>(() => pipeline.SavePretrained(folder.File("x")));
        Assert.False(Directory.Exists(folder.File("x")));
    }

    [Fact]
    public void A_file_where_a_folder_should_be_is_named()
    {
        using var folder = new TempFolder();
        var weights = WriteWeights(folder);
        using var pipeline = new ConsistencyModelPipeline(new PointwiseUNet(Network), openWeights: () => SafetensorsFile.Open(weights));
        var error = Assert.Throws<ConsistencyModelsException>(() => pipeline.SavePretrained(weights));
        Assert.Contains($"{weights}: cannot be made", error.Message);
    }

    [Fact]
    public void Weights_of_another_network_are_not_saved()
    {
        using var folder = new TempFolder();
        var weights = WriteWeights(folder);
        using var pipeline = new ConsistencyModelPipeline(
            new PointwiseUNet(Network with { LayersPerBlock = 1 }), openWeights: () => SafetensorsFile.Open(weights));
        var error = Assert.Throws<CheckpointException>(() => pipeline.SavePretrained(folder.File("x")));
        Assert.Contains("unexpected", error.Message);
        Assert.False(File.Exists(folder.File("x/model_index.json")));
    }

    [Fact]
    public void A_network_whose_output_does_not_fit_is_disposed_again()
    {
        using var folder = new TempFolder();
        var target = Save(folder);
        var engine = new RecordingEngine { Network = new PointwiseUNet(Network with { OutChannels = 6 }) };
        Assert.Throws<ConsistencyModelsException>(() => ConsistencyModelPipeline.FromPretrained(target, new() { Engine = engine }));
        Assert.True(engine.Network.Disposed);
    }

    [Fact]
    public void The_pipeline_disposes_its_network()
    {
        var network = new PointwiseUNet(Network);
        new ConsistencyModelPipeline(network).Dispose();
        Assert.True(network.Disposed);
    }

    private static string Save(TempFolder folder)
    {
        var weights = WriteWeights(folder);
        var target = folder.File("model");
        using var pipeline = new ConsistencyModelPipeline(new PointwiseUNet(Network), openWeights: () => SafetensorsFile.Open(weights));
        pipeline.SavePretrained(target);
        return target;
    }

    private static float[] Values(ParameterDescription parameter, int index) => [.. Enumerable.Range(0, (int)parameter.Count).Select(i => MathF.Sin(i + index))];

    /// <summary>A file with every parameter of the network, the attention's under the names of older versions.</summary>
    private static string WriteWeights(TempFolder folder)
    {
        var path = folder.File("weights.safetensors");
        var tensors = UNet2DDescription.Of(Network).Parameters.Select((parameter, index) => TensorToWrite.FromFloats(
            parameter.OldName ?? parameter.Name, parameter.Shape, Values(parameter, index)));
        SafetensorsWriter.Write(path, tensors);
        return path;
    }

    private static Dictionary<string, float[]> Contents(ITensorSource source) => source.Tensors.ToDictionary(pair => pair.Key, pair =>
    {
        var values = new float[pair.Value.ElementCount];
        source.CopyTo(pair.Key, values);
        return values;
    });

    /// <summary>An engine that remembers what it was given.</summary>
    private sealed class RecordingEngine : INetworkEngine
    {
        public string Name => "recording";

        public EngineOptions? Options { get; private set; }

        public Dictionary<string, float[]>? Contents { get; private set; }

        public PointwiseUNet? Network { get; init; }

        public bool CanRun(EngineOptions options) => true;

        public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default)
        {
            Options = options;
            Contents = PipelineFolderTests.Contents(weights);
            return Network ?? new PointwiseUNet(config);
        }
    }
}
