using System.Text.Json.Nodes;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Models;

public sealed class ModelReaderTests : IDisposable
{
    private static readonly ModelOptions Tiny = new() { HeadDim = 16, SampleSize = new ImageSize(8, 8) };
    private static readonly string Folder = RepositoryFiles.Golden("openai", "tiny", "diffusers");
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData(ModelFormat.PipelineFolder, TensorNaming.Diffusers, "openai", "tiny", "diffusers")]
    [InlineData(ModelFormat.NetworkFolder, TensorNaming.Diffusers, "openai", "tiny", "diffusers", "unet")]
    [InlineData(ModelFormat.Safetensors, TensorNaming.Diffusers, "openai", "tiny", "diffusers", "unet", "diffusion_pytorch_model.safetensors")]
    [InlineData(ModelFormat.Torch, TensorNaming.OpenAi, "openai", "tiny", "model_fp32.pt")]
    [InlineData(ModelFormat.Torch, TensorNaming.OpenAi, "openai", "tiny", "model_fp32_legacy.pt")]
    public void Every_form_of_a_model_is_recognised(ModelFormat format, TensorNaming names, params string[] path)
    {
        using var model = ModelReader.Open(RepositoryFiles.Golden(path), Tiny);
        using var reference = WeightFiles.Open(Path.Combine(Folder, "unet"));
        Assert.Equal((format, names), (model.Format, model.Naming));
        Assert.Equal(354723, model.ParameterCount);
        using var weights = model.OpenWeights();
        Assert.All(weights.Tensors.Values, tensor => Assert.Equal(TensorDType.F32, tensor.DType));
        Assert.Equal(40, model.Scheduler.NumTrainTimesteps);
        Assert.Equal(6, model.Config.NumClassEmbeds);
        Same(reference, weights);
    }

    [Theory]
    [InlineData("x.pt", null, TensorNaming.OpenAi)]
    [InlineData("x.pth", TensorNaming.Diffusers, TensorNaming.Diffusers)]
    [InlineData("x.safetensors", null, TensorNaming.Diffusers)]
    [InlineData("y.safetensors", TensorNaming.OpenAi, TensorNaming.OpenAi)]
    public void Files_convert_there_and_back_bit_for_bit(string name, TensorNaming? asked, TensorNaming written)
    {
        using var first = ModelReader.Open(Folder);
        ModelWriter.Write(first, _folder.File(name), new ModelWriteOptions { Naming = asked }, cancellationToken: TestContext.Current.CancellationToken);
        using var middle = ModelReader.Open(_folder.File(name), Tiny);
        ModelWriter.Write(middle, _folder.File("back"), cancellationToken: TestContext.Current.CancellationToken);
        using var back = ModelReader.Open(_folder.File("back"));
        using var reference = WeightFiles.Open(Path.Combine(Folder, "unet"));
        Assert.Equal(written, middle.Naming);
        using var weights = back.OpenWeights();
        Same(reference, weights);
        Assert.Equal(ModelFormat.PipelineFolder, back.Format);
    }

    [Fact]
    public void Half_precision_and_shards_on_request()
    {
        using var single = ModelReader.Open(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt"), Tiny);
        ModelWriter.Write(single, _folder.File("out"), new ModelWriteOptions { DType = TensorDType.F16, MaxShardSize = 200_000, Variant = "fp16" }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(File.Exists(_folder.File("out/unet/diffusion_pytorch_model.safetensors.index.fp16.json")));
        Assert.InRange(Directory.GetFiles(_folder.File("out/unet"), "diffusion_pytorch_model.fp16-0000?-of-0000?.safetensors").Length, 2, 9);
        using var model = ModelReader.Open(_folder.File("out"), new ModelOptions { Variant = "fp16" });
        using var weights = model.OpenWeights();
        Assert.All(weights.Tensors.Values, tensor => Assert.Equal(TensorDType.F16, tensor.DType));
    }

    [Theory]
    [InlineData("ct_imagenet64.pt", null, null, 201)]
    [InlineData("cd_imagenet64_l2.pt", null, null, 40)]
    [InlineData("model.pt", null, null, 40)]
    [InlineData("direct.pt", null, null, 40)]
    [InlineData("cd.pt", TrainingMode.ConsistencyTraining, null, 201)]
    [InlineData("cd.pt", TrainingMode.ConsistencyTraining, 18, 18)]
    public void Steps_follow_the_kind_unless_told(string name, TrainingMode? mode, int? steps, int expected)
    {
        File.Copy(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt"), _folder.File(name));
        using var model = ModelReader.Open(_folder.File(name), Tiny with { Mode = mode, NumTrainTimesteps = steps });
        Assert.Equal(expected, model.Scheduler.NumTrainTimesteps);
    }

    [Fact]
    public void Consistency_training_took_151_steps_at_256_pixels()
    {
        var lsun = UNet2DConfig.Load(RepositoryFiles.Golden("fullsize", "lsun256", "config.json"));
        Assert.Equal(151, SchedulerPresets.For(TrainingMode.ConsistencyTraining, lsun).NumTrainTimesteps);
        Assert.Equal(40, SchedulerPresets.For(TrainingMode.ConsistencyDistillation, lsun).NumTrainTimesteps);
    }

    [Fact]
    public void A_whole_scheduler_can_be_given()
    {
        using var model = ModelReader.Open(Folder, new ModelOptions { Scheduler = new CMStochasticIterativeSchedulerConfig { SigmaMax = 10 } });
        Assert.Equal(10, model.Scheduler.SigmaMax);
    }

    [Theory]
    [InlineData("edm_imagenet64_ema.pt", null, ModelKind.Diffusion, false)]
    [InlineData("edm_imagenet64_ema.pt", TrainingMode.ConsistencyDistillation, ModelKind.Consistency, false)]
    [InlineData("model.pt", TrainingMode.Edm, ModelKind.Diffusion, false)]
    [InlineData("cd.pt", null, ModelKind.Consistency, false)]
    [InlineData("model.pt", null, ModelKind.Consistency, true)]
    public void What_a_network_computes_is_told_by_an_option_or_a_name_or_guessed(string name, TrainingMode? mode, ModelKind kind, bool guess)
    {
        File.Copy(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt"), _folder.File(name));
        using var model = ModelReader.Open(_folder.File(name), Tiny with { Mode = mode });
        Assert.Equal((kind, guess), (model.Kind, model.KindIsGuess));
        Assert.Equal(kind == ModelKind.Diffusion ? 0 : 0.002f, model.Preconditioning.Epsilon);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_same_network_is_the_same_model_by_each_of_its_paths(bool scheduler)
    {
        using (var first = ModelReader.Open(Folder, new ModelOptions { NumTrainTimesteps = 18 }))
        {
            ModelWriter.Write(first, _folder.File("ct-model"), cancellationToken: TestContext.Current.CancellationToken);
        }

        File.Delete(_folder["ct-model", "model_index.json"]);
        if (!scheduler)
        {
            Directory.Delete(_folder["ct-model", "scheduler"], recursive: true);
        }

        foreach (var path in new[] { "ct-model", "ct-model/", "ct-model/unet", "ct-model/unet/" })
        {
            using var model = ModelReader.Open(_folder.File(path));
            Assert.Equal((ModelKind.Consistency, scheduler ? 18 : 201, false), (model.Kind, model.Scheduler.NumTrainTimesteps, model.KindIsGuess));
        }
    }

    [Fact]
    public void A_file_that_was_looked_into_is_handed_to_the_first_who_reads_it()
    {
        File.Copy(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt"), _folder.File("m.pt"));
        using var model = ModelReader.Open(_folder.File("m.pt"), Tiny);
        using var reference = WeightFiles.Open(Path.Combine(Folder, "unet"));
        File.Delete(_folder.File("m.pt"));
        using (var weights = model.OpenWeights())
        {
            Same(reference, weights);
        }

        Assert.Throws<CheckpointException>(model.OpenWeights);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(model.OpenWeights);
    }

    [Theory]
    [InlineData("prediction_type", "\"v_prediction\"", "\"epsilon\"")]
    [InlineData("sigma_schedule", "\"exponential\"", "\"karras\"")]
    [InlineData("sigma_max", "0.001", "sigma_min")]
    [InlineData("_class_name", "\"DDIMScheduler\"", "\"EDMEulerScheduler\"")]
    public void A_diffusion_scheduler_that_would_mean_something_else_is_refused_by_its_key(string key, string value, string expected)
    {
        ModelWriter.Write(
            FreshModel.Of(UNet2DConfig.Load(Path.Combine(Folder, "unet", "config.json")), kind: ModelKind.Diffusion), _folder.File("m"), cancellationToken: TestContext.Current.CancellationToken);
        var path = _folder["m", "scheduler", "scheduler_config.json"];
        var settings = JsonNode.Parse(File.ReadAllText(path))!;
        settings[key] = JsonNode.Parse(value);
        File.WriteAllText(path, settings.ToJsonString());
        var error = Assert.Throws<ConsistencyModelsException>(() => ModelReader.Open(_folder.File("m")));
        Assert.StartsWith($"{path}: {key}: found {value}, expected ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_keys_of_a_diffusion_scheduler_survive()
    {
        ModelWriter.Write(
            FreshModel.Of(UNet2DConfig.Load(Path.Combine(Folder, "unet", "config.json")), kind: ModelKind.Diffusion), _folder.File("m"), cancellationToken: TestContext.Current.CancellationToken);
        var path = _folder["m", "scheduler", "scheduler_config.json"];
        var settings = JsonNode.Parse(File.ReadAllText(path))!;
        settings["shiny"] = 7;
        File.WriteAllText(path, settings.ToJsonString());
        using var model = ModelReader.Open(_folder.File("m"));
        Assert.Equal(["scheduler/scheduler_config.json: shiny"], model.UnknownKeys);
        ModelWriter.Write(model, _folder.File("again"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(JsonNode.DeepEquals(settings, JsonNode.Parse(File.ReadAllText(_folder["again", "scheduler", "scheduler_config.json"]))));
    }

    [Fact]
    public void Prefixes_of_wrappers_are_taken_off()
    {
        using (var source = TorchFile.Open(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt")))
        {
            SafetensorsWriter.Write(_folder.File("w.safetensors"), source.Tensors.Keys.Select(name => TensorToWrite.FromSource(source, name, null, "module." + name)));
        }

        using var model = ModelReader.Open(_folder.File("w.safetensors"), Tiny);
        Assert.Equal(TensorNaming.OpenAi, model.Naming);
        Assert.Equal(354723, model.ParameterCount);
    }

    [Fact]
    public void Missing_and_foreign_tensors_are_listed()
    {
        using (var source = TorchFile.Open(RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt")))
        {
            SafetensorsWriter.Write(
                _folder.File("w.safetensors"),
                source.Tensors.Keys.Where(name => name != "out.2.bias").Select(name => TensorToWrite.FromSource(source, name))
                    .Append(TensorToWrite.FromFloats("extra", [], new float[1])));
        }

        var error = Assert.Throws<CheckpointException>(() => ModelReader.Open(_folder.File("w.safetensors"), Tiny));
        Assert.Contains("1 missing: 'out.2.bias'; 1 unexpected: 'extra'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("torch", "dtypes.pt", "found 0 networks among 10 tensors")]
    [InlineData("torch", "", "found neither model_index.json nor unet/config.json nor config.json")]
    public void What_is_no_model_is_said(string folder, string file, string expected) =>
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => ModelReader.Open(RepositoryFiles.Data(folder, file))).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private static void Same(ITensorSource expected, ITensorSource actual)
    {
        Assert.Equal(expected.Tensors.Keys.Order(), actual.Tensors.Keys.Order());
        foreach (var name in expected.Tensors.Keys)
        {
            Assert.Equal(expected.Tensors[name].Shape, actual.Tensors[name].Shape);
            Assert.True(expected.Bytes(name).SequenceEqual(actual.Bytes(name)), name);
            var values = new float[expected.Tensors[name].ElementCount];
            actual.CopyTo(name, values);
            Assert.True(expected.Bytes(name).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)), name);
        }
    }
}
