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
