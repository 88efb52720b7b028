using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class WeightWriterTests : IDisposable
{
    private const string Stem = "diffusion_pytorch_model";
    private readonly TempFolder _folder = new();

    [Fact]
    public void Shards_are_filled_in_order_as_huggingface_fills_them()
    {
        // 40, 40, 100 (a shard of its own), 20, 60 bytes at most 100 a file.
        var path = WeightWriter.Write(_folder.Path, [Tensor("a", 10), Tensor("b", 10), Tensor("big", 30), Tensor("c", 5), Tensor("d", 15)], maxShardSize: 100);
        Assert.Equal(_folder.File($"{Stem}.safetensors.index.json"), path);
        var text = File.ReadAllText(path);
        Assert.Equal(
            $$"""
            {
              "metadata": {
                "total_size": 280
              },
              "weight_map": {
                "a": "{{Stem}}-00002-of-00003.safetensors",
                "b": "{{Stem}}-00002-of-00003.safetensors",
                "big": "{{Stem}}-00001-of-00003.safetensors",
                "c": "{{Stem}}-00002-of-00003.safetensors",
                "d": "{{Stem}}-00003-of-00003.safetensors"
              }
            }

            """,
            text);
        using var weights = WeightFiles.Open(_folder.Path);
        var values = new float[15];
        weights.CopyTo("d", values);
        Assert.Equal(Enumerable.Range(0, 15).Select(i => (float)i), values);
    }

    [Fact]
    public void Earlier_weights_of_the_same_variant_go_away()
    {
        WeightWriter.Write(_folder.Path, [Tensor("a", 10), Tensor("b", 10)], maxShardSize: 40);
        WeightWriter.Write(_folder.Path, [Tensor("a", 10), Tensor("b", 10)], variant: "fp16", maxShardSize: 40);
        File.WriteAllText(_folder.File("config.json"), "{}");
        WeightWriter.Write(_folder.Path, [Tensor("a", 10)]);
        Assert.Equal(
            [
                "config.json",
                $"{Stem}.fp16-00001-of-00002.safetensors",
                $"{Stem}.fp16-00002-of-00002.safetensors",
                $"{Stem}.safetensors",
                $"{Stem}.safetensors.index.fp16.json",
            ],
            Directory.EnumerateFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("5GB", 5_000_000_000)]
    [InlineData("200mb", 200_000_000)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData(" 1 K ", 1000)]
    [InlineData("123", 123)]
    [InlineData("0", 0)]
    [InlineData("GB", 0)]
    [InlineData("-1", 0)]
    [InlineData("999999999999999999TB", 0)]
    public void Sizes_are_read_as_huggingface_writes_them(string text, long expected)
    {
        Assert.Equal(expected > 0, WeightWriter.TryParseSize(text, out var bytes));
        if (expected > 0)
        {
            Assert.Equal(expected, bytes);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static TensorToWrite Tensor(string name, int count) =>
        TensorToWrite.FromFloats(name, [count], Enumerable.Range(0, count).Select(i => (float)i).ToArray());
}
