using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models;

namespace ConsistencyModels.Tests.Models;

/// <summary>The forms in which training programs leave weights: prefixes, several networks, and other things beside them.</summary>
public sealed class StoredFormsTests : IDisposable
{
    private static readonly string Folder = RepositoryFiles.Golden("openai", "tiny", "diffusers");
    private static readonly ModelOptions Tiny = new() { HeadDim = 16, SampleSize = new ImageSize(8, 8) };
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("_orig_mod.module.")]
    [InlineData("unet.")]
    public void A_prefix_is_taken_off_in_a_folder_as_in_a_file(string prefix)
    {
        Directory.CreateDirectory(_folder["m", "unet"]);
        File.Copy(Path.Combine(Folder, "model_index.json"), _folder["m", "model_index.json"]);
        Directory.CreateDirectory(_folder["m", "scheduler"]);
        File.Copy(Path.Combine(Folder, "scheduler", "scheduler_config.json"), _folder["m", "scheduler", "scheduler_config.json"]);
        File.Copy(Path.Combine(Folder, "unet", "config.json"), _folder["m", "unet", "config.json"]);
        var file = _folder["m", "unet", "diffusion_pytorch_model.safetensors"];
        Write(file, (prefix, 0));
        foreach (var path in (string[])[_folder["m"], _folder["m", "unet"], file])
        {
            using var model = ModelReader.Open(path);
            Assert.Empty(model.Notes);
            Is(model, 0);
        }
    }

    [Fact]
    public void Of_a_folder_nothing_is_passed_over()
    {
        Directory.CreateDirectory(_folder["unet"]);
        File.Copy(Path.Combine(Folder, "unet", "config.json"), _folder["unet", "config.json"]);
        Write(_folder["unet", "diffusion_pytorch_model.safetensors"], ("model.", 0), ("ema_model.", 1));
        using var model = ModelReader.Open(_folder.Path);
        Assert.Contains("unexpected: 'ema_model.", Assert.Throws<CheckpointException>(() => model.OpenWeights()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("ema_model", 1)]
    [InlineData("model", 0)]
    public void Of_two_networks_in_one_file_averaged_weights_win_and_an_entry_chooses(string? entry, float expected)
    {
        foreach (var (name, torch) in new[] { ("two.safetensors", false), ("two.pt", true) })
        {
            Write(_folder[name], torch, ("model.", 0), ("ema_model.", 1));
            using var model = ModelReader.Open(_folder[name], Tiny with { Entry = entry });
            Is(model, expected);
            if (entry is null)
            {
                Assert.Equal("the weights are 'ema_model'; --entry takes 'model' instead", Assert.Single(model.Notes));
            }
            else
            {
                Assert.Empty(model.Notes);
            }
        }
    }

    [Fact]
    public void Networks_without_an_order_and_entries_that_are_none_are_refused_with_what_is_there()
    {
        Write(_folder["two.safetensors"], ("student.", 0), ("teacher.", 1));
        Assert.EndsWith(
            "expected one; say which (--entry): 'student', 'teacher'",
            Assert.Throws<CheckpointException>(() => ModelReader.Open(_folder["two.safetensors"], Tiny)).Message,
            StringComparison.Ordinal);
        using (var model = ModelReader.Open(_folder["two.safetensors"], Tiny with { Entry = "teacher" }))
        {
            Is(model, 1);
        }

        Assert.EndsWith(
            "there is no network under 'ema' in it, found 'student', 'teacher'",
            Assert.Throws<CheckpointException>(() => ModelReader.Open(_folder["two.safetensors"], Tiny with { Entry = "ema" })).Message,
            StringComparison.Ordinal);
        Write(_folder["two.pt"], torch: true, ("student.", 0), ("teacher.", 1));
        Assert.Contains("there is no 'ema' in it", Assert.Throws<CheckpointException>(() => ModelReader.Open(_folder["two.pt"], Tiny with { Entry = "ema" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_beside_a_network_are_said()
    {
        Write(_folder["w.safetensors"], torch: false, [TensorToWrite.FromFloats("loss.scale", [], new float[1])], ("net.", 0));
        using var model = ModelReader.Open(_folder["w.safetensors"], Tiny);
        Assert.Equal("1 tensors beside the network are passed over, such as 'loss.scale'", Assert.Single(model.Notes));
    }

    [Fact]
    public void An_entry_without_a_network_is_passed_over()
    {
        // As an average keeps a counter: {"ema": {"num_updates": a tensor}, "model": weights}, here with keys that hold dots.
        Write(_folder["ema.pt"], torch: true, [TensorToWrite.FromFloats("ema.num_updates", [], new float[1])], ("model.", 0));
        using var model = ModelReader.Open(_folder["ema.pt"], Tiny);
        Is(model, 0);
    }

    [Theory]
    [InlineData(TensorDType.F16, 70000f, "65504, the largest of F16")]
    [InlineData(TensorDType.BF16, 3.4e38f, "3.39e38, the largest of BF16")]
    public void Weights_beyond_a_narrow_type_are_refused_before_anything_is_written(TensorDType dtype, float large, string expected)
    {
        using var reference = ModelReader.Open(Folder);
        float[] bias = [.. Enumerable.Repeat(1f, 32)];
        (bias[3], bias[5], bias[7]) = (large, -large, float.PositiveInfinity);
        Write(_folder["w.safetensors"], torch: false, [], [("", 0)], ("conv_in.bias", bias));
        using var model = ModelReader.Open(_folder["w.safetensors"], Tiny);
        foreach (var name in (string[])["out", "out.pt", "out.safetensors"])
        {
            var error = Assert.Throws<CheckpointException>(() => ModelWriter.Write(model, _folder[name], new ModelWriteOptions { DType = dtype }, cancellationToken: TestContext.Current.CancellationToken));
            Assert.EndsWith($"2 values are beyond {expected}, and would become infinite: 'conv_in.bias' 2; choose a wider type", error.Message, StringComparison.Ordinal);
            Assert.False(Path.Exists(_folder[name]));
        }

        bias[3] = bias[5] = dtype == TensorDType.F16 ? 65519f : 3.3895e38f; // rounds to the largest
        Write(_folder["fits.safetensors"], torch: false, [], [("", 0)], ("conv_in.bias", bias));
        using var fits = ModelReader.Open(_folder["fits.safetensors"], Tiny);
        ModelWriter.Write(fits, _folder["out"], new ModelWriteOptions { DType = dtype }, cancellationToken: TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    private static void Is(Model model, float expected)
    {
        using var weights = model.OpenWeights();
        Assert.All(weights.Tensors.Keys, name => Assert.False(name.Contains("model.", StringComparison.Ordinal)));
        var bias = new float[weights.Tensors["conv_out.bias"].ElementCount];
        weights.CopyTo("conv_out.bias", bias);
        Assert.All(bias, value => Assert.Equal(expected, value));
    }

    private static void Write(string path, params (string Prefix, float Mark)[] networks) => Write(path, torch: false, networks);

    private static void Write(string path, bool torch, params (string Prefix, float Mark)[] networks) => Write(path, torch, [], networks);

    // The tiny network's tensors under each prefix, with its mark in one of them.
    private static void Write(string path, bool torch, TensorToWrite[] more, params (string Prefix, float Mark)[] networks) =>
        Write(path, torch, more, networks, ("", []));

    private static void Write(string path, bool torch, TensorToWrite[] more, (string Prefix, float Mark)[] networks, (string Name, float[] Values) other)
    {
        using var source = WeightFiles.Open(Path.Combine(Folder, "unet"));
        TensorToWrite[] tensors =
        [
            .. networks.SelectMany(network => source.Tensors.Values.Select(info =>
                info.Name == other.Name ? TensorToWrite.FromFloats(network.Prefix + info.Name, info.Shape, other.Values)
                : info.Name == "conv_out.bias" ? TensorToWrite.FromFloats(network.Prefix + info.Name, info.Shape, Enumerable.Repeat(network.Mark, (int)info.ElementCount).ToArray())
                : TensorToWrite.FromSource(source, info.Name, null, network.Prefix + info.Name))),
            .. more,
        ];
        if (torch)
        {
            TorchFileWriter.Write(path, tensors);
        }
        else
        {
            SafetensorsWriter.Write(path, tensors);
        }
    }
}
