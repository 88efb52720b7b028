using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class WeightFilesTests : IDisposable
{
    private const string Stem = "diffusion_pytorch_model";
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData(null, Stem + ".safetensors", Stem + ".safetensors")]
    [InlineData(null, Stem + ".safetensors.index.json", Stem + ".safetensors.index.json", Stem + ".safetensors")]
    [InlineData(null, Stem + ".safetensors", Stem + ".safetensors", Stem + ".bin")]
    [InlineData(null, Stem + ".bin", Stem + ".bin", Stem + ".fp16.safetensors")]
    [InlineData("fp16", Stem + ".fp16.bin", Stem + ".fp16.bin", Stem + ".safetensors")]
    [InlineData("fp16", Stem + ".fp16.safetensors", Stem + ".fp16.safetensors", Stem + ".safetensors", Stem + ".safetensors.index.json")]
    [InlineData("fp16", Stem + ".safetensors.index.fp16.json", Stem + ".safetensors.index.fp16.json", Stem + ".safetensors.fp16.index.json", Stem + ".fp16.safetensors")]
    [InlineData("fp16", Stem + ".safetensors.fp16.index.json", Stem + ".safetensors.fp16.index.json", Stem + ".fp16.safetensors")]
    public void Names_are_tried_in_the_order_of_diffusers(string? variant, string expected, params string[] present)
    {
        Touch(present);
        Assert.Equal(_folder.File(expected), WeightFiles.Find(_folder.Path, variant));
    }

    [Theory]
    [InlineData(null, "found no weights, expected diffusion_pytorch_model.safetensors")]
    [InlineData(null, "found 'diffusion_pytorch_model.fp16.bin', expected diffusion_pytorch_model.safetensors; ask for the variant that is there: --variant fp16", Stem + ".fp16.bin")]
    [InlineData("fp16", "found 'diffusion_pytorch_model.safetensors', expected diffusion_pytorch_model.fp16.safetensors", Stem + ".safetensors")]
    [InlineData("bf16", "expected diffusion_pytorch_model.bf16.safetensors; ask for one that is there: --variant fp16 or ema", Stem + ".fp16.safetensors", Stem + ".safetensors.index.ema.json")]
    [InlineData("../x", "is not a variant")]
    [InlineData("", "is not a variant")]
    public void What_is_missing_is_said(string? variant, string expected, params string[] present)
    {
        Touch(present);
        var error = Assert.Throws<CheckpointException>(() => WeightFiles.Open(_folder.Path, variant));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_said() =>
        Assert.EndsWith("there is no such folder", Assert.Throws<CheckpointException>(() => WeightFiles.Open(_folder.File("no"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_golden_folder_opens()
    {
        using var weights = WeightFiles.Open(RepositoryFiles.Golden("unet", "test_config"));
        Assert.IsType<SafetensorsFile>(weights);
        Assert.Equal([32, 3, 3, 3], weights.Tensors["conv_in.weight"].Shape);
    }

    [Fact]
    public void Shards_open_through_their_index()
    {
        SafetensorsWriter.Write(_folder.File("s.safetensors"), [TensorToWrite.FromFloats("a", [], new float[1])]);
        File.WriteAllText(_folder.File(Stem + ".safetensors.index.json"), """{"weight_map":{"a":"s.safetensors"}}""");
        using var weights = WeightFiles.Open(_folder.Path);
        Assert.Equal(["a"], Assert.IsType<ShardedTensors>(weights).Tensors.Keys);
    }

    [Fact]
    public void A_torch_file_opens_where_there_is_nothing_else()
    {
        File.Copy(RepositoryFiles.Data("torch", "dtypes.pt"), _folder.File(Stem + ".bin"));
        using var weights = WeightFiles.Open(_folder.Path);
        Assert.IsType<TorchFile>(weights);
        Assert.Equal([2, 3], weights.Tensors["bfloat16"].Shape);
    }

    public void Dispose() => _folder.Dispose();

    private void Touch(string[] names)
    {
        foreach (var name in names)
        {
            File.WriteAllText(_folder.File(name), "");
        }
    }
}
