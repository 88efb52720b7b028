using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// openai's checkpoints, both torch formats: the converted tensors bit for bit, both recorded outputs and KarrasDenoiser.denoise
/// on every engine, the bare attention, and the way back to openai's names.
/// </summary>
internal sealed class OpenAiUNetCheck : IGoldenCheck
{
    private const double Tolerance = 1e-4;

    public string Kind => "openai_unet";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("attention_note", "words");
        var openAi = golden.Json.Object("openai_config");
        var size = openAi.Int("image_size");
        var options = new ModelOptions { HeadDim = openAi.Int("num_head_channels"), SampleSize = new ImageSize(size, size) };
        var converted = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(golden.Folder, "converted_weights.json"))).RootElement.GetProperty("weights");
        foreach (var file in golden.Json.Get("pt_files").EnumerateObject())
        {
            var path = Path.Combine(golden.Folder, file.Name);
            using var model = ModelReader.Open(path, options);
            Assert.Equal((ModelFormat.Torch, TensorNaming.OpenAi), (model.Format, model.Naming));
            Assert.Equal(golden.Json.Get("num_parameters").GetInt64(), model.ParameterCount);
            HasFormat(path, file.Value.GetString()!);
            OpenAiArchitecture.IsOf(openAi, model.Config);
            Architecture(golden, model);
            using var weights = model.OpenWeights();
            Weights(golden, converted, weights);
            RoundTrip(golden, model, options);
            foreach (var engine in Engines.All)
            {
                Outputs(golden, model, engine);
            }
        }

        Scalars(golden);
        foreach (var engine in Engines.All)
        {
            BareAttention.Check(golden, engine);
        }
    }

    // "zip format, float16 storages" or "legacy (non-zip) format, float32"
    private static void HasFormat(string path, string words)
    {
        using var file = TorchFile.Open(path);
        Assert.Equal(words.StartsWith("zip", StringComparison.Ordinal), File.ReadAllBytes(path).AsSpan().StartsWith("PK"u8));
        Assert.Contains(file.Tensors.Values.First().DType == TensorDType.F16 ? "float16" : "float32", words, StringComparison.Ordinal);
    }

    // The configuration that was recorded with the conversion, apart from the version it was written by.
    private static void Architecture(GoldenCase golden, Model model)
    {
        var recorded = Path.Combine(golden.Folder, golden.Json.Text("diffusers_dir").Split('/')[0]);
        Assert.Equal(
            (UNet2DConfig.Load(Path.Combine(recorded, "unet", "config.json")) with { Extras = model.Config.Extras }).ToJson(),
            model.Config.ToJson());
        Assert.Equal(
            Schedulers.CMStochasticIterativeSchedulerConfig.Load(Path.Combine(recorded, "scheduler", "scheduler_config.json")).NumTrainTimesteps,
            model.Scheduler.NumTrainTimesteps);
        var given = UNet2DConfig.FromJson(golden.Json.Get("diffusers_config_for_conversion").GetRawText(), golden.FilePath);
        Assert.Empty(given.Extras);
        Assert.Equal(given.ToJson(), (model.Config with { Extras = given.Extras }).ToJson());
    }

    private static void Weights(GoldenCase golden, JsonElement recorded, ITensorSource weights)
    {
        var names = weights.Tensors.Keys.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(golden.Json.Texts("diffusers_keys"), names);
        Assert.Equal(recorded.EnumerateObject().Select(weight => weight.Name).Order(StringComparer.Ordinal), names);
        foreach (var weight in recorded.EnumerateObject())
        {
            Assert.Equal(weight.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), weights.Tensors[weight.Name].Shape);
            var values = new float[weights.Tensors[weight.Name].ElementCount];
            weights.CopyTo(weight.Name, values);
            var hash = SHA256.HashData(MemoryMarshal.AsBytes<float>(values));
            Assert.Equal(weight.Value.GetProperty("sha256").GetString(), Convert.ToHexStringLower(hash));
        }
    }

    // openai -> diffusers folder -> openai: names in the order of the state dict, and every byte.
    private static void RoundTrip(GoldenCase golden, Model model, ModelOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("cm-golden-").FullName;
        try
        {
            var diffusers = Path.Combine(folder, "diffusers");
            var openAi = Path.Combine(folder, "back.pt");
            ModelWriter.Write(model, diffusers, cancellationToken: TestContext.Current.CancellationToken);
            using var converted = ModelReader.Open(diffusers);
            ModelWriter.Write(converted, openAi, cancellationToken: TestContext.Current.CancellationToken);
            using var original = TorchFile.Open(model.Path);
            using var back = TorchFile.Open(openAi);
            Assert.Equal(golden.Json.Texts("state_dict_order"), back.Tensors.Keys);
            foreach (var (name, info) in original.Tensors)
            {
                Assert.Equal(info.DType, back.Tensors[name].DType);
                Assert.Equal(info.Shape, back.Tensors[name].Shape);
                Assert.True(original.Bytes(name).SequenceEqual(back.Bytes(name)), name);
            }

            using var reopened = ModelReader.Open(openAi, options);
            Assert.Equal(model.Config.ToJson(), reopened.Config.ToJson());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Outputs(GoldenCase golden, Model model, INetworkEngine engine)
    {
        using var weights = model.OpenWeights();
        using var network = engine.Load(model.Config, weights, new EngineOptions());
        var sizes = golden.Shape("x");
        var shape = new ImageShape(sizes[0], sizes[1], sizes[2], sizes[3]);
        var labels = golden.Labels();
        var output = new float[(shape with { Channels = model.Config.OutChannels }).Length];
        void HasOutput(string name, ReadOnlySpan<float> input, ReadOnlySpan<float> timesteps)
        {
            network.Forward(input, shape, timesteps, labels, output, TestContext.Current.CancellationToken);
            Near.Equal(golden.Floats(name), output, 0, Tolerance, $"{engine.Name}: {name}");
        }

        HasOutput("out_openai", golden.Floats("x"), golden.Floats("timesteps"));
        HasOutput("out_diffusers", golden.Floats("x"), golden.Floats("timesteps"));

        var sigma = golden.Floats("sigma");
        var noisy = golden.Floats("x_t");
        foreach (var (name, preconditioning) in new[] { ("distillation", Preconditioning.Consistency()), ("edm", Preconditioning.Edm()) })
        {
            var denoised = new float[shape.Length];
            new Denoiser(network, preconditioning, clip: false).Denoise(noisy, shape, NoiseLevel.Of(sigma), labels, denoised, TestContext.Current.CancellationToken);
            Near.Equal(golden.Floats($"denoise_{name}_denoised"), denoised, 1e-4, Tolerance, $"{engine.Name}: denoise_{name}_denoised");

            float[] input = [.. noisy.Select((value, i) => value * preconditioning.CIn(sigma[i / shape.ImageLength]))];
            HasOutput($"denoise_{name}_model_output", input, Array.ConvertAll(sigma, Preconditioning.CNoise));
        }
    }

    // What the case tells of its own tensors.
    private static void Scalars(GoldenCase golden)
    {
        float Apart(string one, string other) => golden.Floats(one).Zip(golden.Floats(other), (a, b) => Math.Abs(a - b)).Max();
        Assert.Equal(golden.Json.Number("max_abs_diff_openai_vs_diffusers"), Apart("out_openai", "out_diffusers"), 1e-9);
        Assert.Equal(golden.Json.Number("max_abs_output"), golden.Floats("out_openai").Max(Math.Abs), 1e-6);
        Assert.Equal(golden.Json.Number("attention_max_abs_diff_flash_vs_legacy_fp32"), Apart("attn_flash", "attn_legacy_fp32"), 1e-9);
    }
}
