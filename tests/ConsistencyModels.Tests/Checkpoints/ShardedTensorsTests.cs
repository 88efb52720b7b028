using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class ShardedTensorsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public ShardedTensorsTests()
    {
        Shard("s1.safetensors", "a", "b");
        Shard("s2.safetensors", "c");
    }

    [Fact]
    public void Shards_read_as_one()
    {
        var index = Index("""{"metadata":{"total_size":12345},"weight_map":{"a":"s1.safetensors","c":"s2.safetensors","b":"s1.safetensors"}}""");
        var shards = ShardedTensors.Open(index);
        Assert.Equal(index, shards.Origin);
        Assert.Equal(["a", "b", "c"], shards.Tensors.Keys.Order());
        Assert.Equal("pt", shards.Metadata["format"]);
        foreach (var name in shards.Tensors.Keys)
        {
            var value = new float[1];
            shards.CopyTo(name, value);
            Assert.Equal(name[0], value[0]);
            shards.Release(name);
            Assert.Equal(BitConverter.GetBytes((float)name[0]), shards.Bytes(name));
        }

        Assert.Throws<KeyNotFoundException>(() => shards.Bytes("d").Length);
        shards.Dispose();
        Assert.Throws<ObjectDisposedException>(() => shards.Bytes("a").Length);
        Assert.Throws<ObjectDisposedException>(() => shards.Bytes("c").Length);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("[]", "has no weight_map")]
    [InlineData("""{"weight_map":[]}""", "has no weight_map")]
    [InlineData("""{"weight_map":{"a":"s1.safetensors",}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"s1.safetensors","a":"s1.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"\uD800":"s1.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":1}}""", "weight_map 'a' is Number, expected the plain name")]
    [InlineData("""{"weight_map":{"a":"../s1.safetensors"}}""", "expected the plain name")]
    [InlineData("""{"weight_map":{"a":"/s1.safetensors"}}""", "expected the plain name")]
    [InlineData("""{"weight_map":{"a":"x\\s1.safetensors"}}""", "expected the plain name")]
    [InlineData("""{"weight_map":{"a":"c:s1.safetensors"}}""", "expected the plain name")]
    [InlineData("""{"weight_map":{"a":"s1\u0000.safetensors"}}""", "expected the plain name")]
    [InlineData("""{"weight_map":{"a":"s1.bin"}}""", "expected the plain name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"s1.safetensors"}}""", "s1.safetensors holds tensor 'b', which the index does not list")]
    [InlineData("""{"weight_map":{"a":"s1.safetensors","b":"s1.safetensors","d":"s1.safetensors"}}""", "'d' should be in s1.safetensors")]
    [InlineData("""{"weight_map":{"a":"s1.safetensors","b":"s1.safetensors","c":"s1.safetensors"}}""", "'c' should be in s1.safetensors")]
    [InlineData("""{"weight_map":{"a":"s1.safetensors","b":"s1.safetensors","c":"s3.safetensors"}}""", "there is no such file")]
    public void A_bad_index_is_refused(string json, string expected)
    {
        var error = Assert.Throws<CheckpointException>(() => ShardedTensors.Open(Index(json)));
        Assert.StartsWith(_folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused()
    {
        Shard("s2.safetensors", "a", "c");
        var error = Assert.Throws<CheckpointException>(() => ShardedTensors.Open(
            Index("""{"weight_map":{"a":"s1.safetensors","b":"s1.safetensors","c":"s2.safetensors"}}""")));
        Assert.Contains("s2.safetensors holds tensor 'a', which the index places in another file", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Index(string json)
    {
        var path = _folder.File("m.safetensors.index.json");
        File.WriteAllText(path, json);
        return path;
    }

    private void Shard(string file, params string[] names) =>
        SafetensorsWriter.Write(_folder.File(file), names.Select(name => TensorToWrite.FromFloats(name, [], new float[] { name[0] })));
}
