using System.Security.Cryptography;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// openai's checkpoints, both torch formats: the converted tensors bit for bit, both recorded outputs, KarrasDenoiser.denoise,
/// the bare attention, and the way back to openai's names.
/// </summary>
internal sealed class OpenAiUNetCheck : IGoldenCheck
{
    private const double Tolerance = 1e-4;

    public string Kind => "openai_unet";

    public void Check(GoldenCase golden)
    {
        var openAi = golden.Json.GetProperty("openai_config");
        var size = openAi.GetProperty("image_size").GetInt32();
        var options = new ModelOptions { HeadDim = openAi.GetProperty("num_head_channels").GetInt32(), SampleSize = new ImageSize(size, size) };
        var converted = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(golden.Folder, "converted_weights.json"))).RootElement.GetProperty("weights");
        foreach (var file in golden.Json.GetProperty("pt_files").EnumerateObject())
        {
            using var model = ModelReader.Open(Path.Combine(golden.Folder, file.Name), options);
            Assert.Equal((ModelFormat.Torch, TensorNaming.OpenAi), (model.Format, model.Naming));
            Assert.Equal(golden.Json.GetProperty("num_parameters").GetInt64(), model.ParameterCount);
            Architecture(golden, model);
            using var weights = model.OpenWeights();
            Weights(converted, weights);
            RoundTrip(golden, model, options);
            Outputs(golden, model);
        }

        BareAttention(golden);
    }

    // The configuration that was recorded with the conversion, apart from the version it was written by.
    private static void Architecture(GoldenCase golden, Model model)
    {
        var recorded = Path.Combine(golden.Folder, "diffusers");
        Assert.Equal(
            (UNet2DConfig.Load(Path.Combine(recorded, "unet", "config.json")) with { Extra = model.Config.Extra }).ToJson(),
            model.Config.ToJson());
        Assert.Equal(
            Schedulers.CMStochasticIterativeSchedulerConfig.Load(Path.Combine(recorded, "scheduler", "scheduler_config.json")).NumTrainTimesteps,
            model.Scheduler.NumTrainTimesteps);
    }

    private static void Weights(JsonElement recorded, ITensorSource weights)
    {
        Assert.Equal(recorded.EnumerateObject().Select(weight => weight.Name).Order(StringComparer.Ordinal), weights.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var weight in recorded.EnumerateObject())
        {
            Assert.Equal(weight.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), weights.Tensors[weight.Name].Shape);
            var values = new float[weights.Tensors[weight.Name].ElementCount];
            weights.CopyTo(weight.Name, values);
            var hash = SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
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
            ModelConversion.Write(model, diffusers);
            ModelConversion.Convert(diffusers, openAi);
            using var original = TorchFile.Open(model.Path);
            using var back = TorchFile.Open(openAi);
            Assert.Equal(golden.Json.GetProperty("state_dict_order").EnumerateArray().Select(name => name.GetString()), back.Tensors.Keys);
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

    private static void Outputs(GoldenCase golden, Model model)
    {
        using var weights = model.OpenWeights();
        using var network = new TorchEngine().Load(model.Config, weights, new EngineOptions());
        var sizes = golden.Shape("x");
        var shape = new ImageShape(sizes[0], sizes[1], sizes[2], sizes[3]);
        int[] labels = golden.Has("y") ? [.. golden.Longs("y").Select(label => (int)label)] : [];
        var output = new float[shape.Length];
        network.Forward(golden.Floats("x"), shape, golden.Floats("timesteps"), labels, output);
        Near.Equal(golden.Floats("out_openai"), output, 0, Tolerance, "out_openai");
        Near.Equal(golden.Floats("out_diffusers"), output, 0, Tolerance, "out_diffusers");

        foreach (var (name, preconditioning) in new[] { ("distillation", Preconditioning.Consistency()), ("edm", Preconditioning.Edm()) })
        {
            var denoised = new float[shape.Length];
            var denoiser = new Denoiser(network, preconditioning, clip: false);
            denoiser.Denoise(golden.Floats("x_t"), shape, golden.Floats("sigma"), labels, denoised);
            Near.Equal(golden.Floats($"denoise_{name}_denoised"), denoised, 1e-4, Tolerance, $"denoise_{name}_denoised");
        }
    }

    // The order of channels in qkv, (three, head, dim), by the recorded module alone.
    private static void BareAttention(GoldenCase golden)
    {
        const int HeadDim = 16;
        var qkv = golden.Floats("qkv");
        var (batch, rows, length) = (golden.Shape("qkv")[0], golden.Shape("qkv")[1], golden.Shape("qkv")[2]);
        var channels = rows / 3;
        var output = new float[batch * channels * length];
        for (var image = 0; image < batch; image++)
        {
            for (var head = 0; head < channels / HeadDim; head++)
            {
                Head(qkv.AsSpan(image * rows * length), head * HeadDim, channels, length, output.AsSpan(image * channels * length));
            }
        }

        Near.Equal(golden.Floats("attn_flash"), output, 0, 1e-5, "attn_flash");
        Near.Equal(golden.Floats("attn_legacy_fp32"), output, 0, 1e-5, "attn_legacy_fp32");

        static void Head(ReadOnlySpan<float> qkv, int first, int channels, int length, Span<float> output)
        {
            for (var to = 0; to < length; to++)
            {
                var weights = new double[length];
                for (var from = 0; from < length; from++)
                {
                    var sum = 0.0;
                    for (var i = 0; i < HeadDim; i++)
                    {
                        sum += (double)qkv[((first + i) * length) + to] * qkv[((channels + first + i) * length) + from];
                    }

                    weights[from] = Math.Exp(sum / Math.Sqrt(HeadDim));
                }

                for (var i = 0; i < HeadDim; i++)
                {
                    var value = 0.0;
                    for (var from = 0; from < length; from++)
                    {
                        value += weights[from] * qkv[(((2 * channels) + first + i) * length) + from];
                    }

                    output[((first + i) * length) + to] = (float)(value / weights.Sum());
                }
            }
        }
    }
}
