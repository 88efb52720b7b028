using System.Buffers.Binary;
using System.Text;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>
/// Checkpoints that are not what they should be. What a header or a configuration says is checked, so any flip in it is found
/// or harmless; the weights themselves carry no checksum, so a flip in them shows only where it makes the picture NaN.
/// </summary>
public sealed class DamagedModelTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _model;
    private readonly string _weights;
    private readonly byte[] _bytes;

    public DamagedModelTests()
    {
        _model = TinyModel.Make(_folder);
        _weights = TinyModel.Weights(_model);
        _bytes = File.ReadAllBytes(_weights);
    }

    private int HeaderEnd => 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_truncated_file_is_refused_at_any_length()
    {
        int[] lengths = [0, 1, 7, 8, 9, HeaderEnd / 2, HeaderEnd - 1, HeaderEnd, HeaderEnd + 1, _bytes.Length / 2, _bytes.Length - 1];
        foreach (var length in lengths)
        {
            File.WriteAllBytes(_weights, _bytes[..length]);
            Assert.Contains(_weights, RefuseToGenerate());
        }
    }

    [Fact]
    public void A_flipped_bit_of_the_header_is_found_or_changes_nothing()
    {
        var random = new System.Random(1);
        var good = Cm.Succeed("info", _model, "--parameters", "--json").Out;
        var refused = 0;
        for (var i = 0; i < 400; i++)
        {
            // The length first, bit by bit; then the JSON, anywhere.
            var (at, bit) = i < 64 ? (i / 8, i % 8) : (8 + random.Next(HeaderEnd - 8), random.Next(8));
            var flipped = (byte[])_bytes.Clone();
            flipped[at] ^= (byte)(1 << bit);
            File.WriteAllBytes(_weights, flipped);
            var result = Cm.Run("info", _model, "--parameters", "--json");
            if (result.Code == 2)
            {
                Cm.TheLine(result);
                refused++;
            }
            else
            {
                Assert.Equal(0, result.Code);
                Assert.Equal(WithoutMetadata(good), WithoutMetadata(result.Out));
            }
        }

        Assert.InRange(refused, 350, 400);
    }

    [Fact]
    public void A_weight_that_became_infinite_stops_the_command()
    {
        // The exponent of a weight of the first convolution, which every picture passes.
        var flipped = (byte[])_bytes.Clone();
        long offset;
        using (var file = SafetensorsFile.Open(_weights))
        {
            offset = _bytes.AsSpan().IndexOf(file.Bytes("conv_in.weight"));
        }

        BinaryPrimitives.WriteSingleLittleEndian(flipped.AsSpan((int)offset), float.NaN);
        File.WriteAllBytes(_weights, flipped);
        Assert.Contains("NaN or infinity", RefuseToGenerate());
    }

    [Theory]
    [InlineData("""{"conv_in.weight":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}""", "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1000000],"data_offsets":[0,4000000]}}""", "only 16")]
    [InlineData("""{"a":{"dtype":"F33","shape":[4],"data_offsets":[0,16]}}""", "F33")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "missing")]
    [InlineData("""[[[[[[[[[[[[[[[[[[[[""", "header")]
    public void A_hostile_header_is_refused(string header, string expected)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(_weights, [.. length, .. json, .. new byte[16]]);
        Assert.Contains(expected, RefuseToGenerate());
    }

    [Theory]
    [InlineData("unet/config.json", "\"block_out_channels\": [", "\"block_out_channels\": [1000000000, ", "block_out_channels")]
    [InlineData("unet/config.json", "\"sample_size\": 8", "\"sample_size\": -8", "sample_size")]
    [InlineData("unet/config.json", "\"num_class_embeds\": 3", "\"num_class_embeds\": 2147483647", "num_class_embeds")]
    [InlineData("unet/config.json", "\"num_class_embeds\": 3", "\"num_class_embeds\": 4", "class_embedding.weight")]
    [InlineData("unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": 2", "missing")]
    [InlineData("unet/config.json", "UNet2DModel", "UNet2DConditionModel", "UNet2DConditionModel")]
    [InlineData("unet/config.json", "{", "", "not valid JSON")]
    [InlineData("scheduler/scheduler_config.json", "\"sigma_max\": 80.0", "\"sigma_max\": 0.001", "sigma_max")]
    [InlineData("scheduler/scheduler_config.json", "\"num_train_timesteps\": 40", "\"num_train_timesteps\": 40.5", "num_train_timesteps")]
    [InlineData("model_index.json", "ConsistencyModelPipeline", "DDPMPipeline", "DDPMPipeline")]
    [InlineData("model_index.json", "\"floor\"", "17", "id2label")]
    public void A_configuration_that_does_not_fit_is_refused_by_its_key(string name, string old, string changed, string expected)
    {
        var path = Path.Combine(_model, name);
        var text = File.ReadAllText(path);
        var at = text.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0, $"{old} is not in {text}");
        File.WriteAllText(path, text[..at] + changed + text[(at + old.Length)..]);
        Assert.Contains(expected, RefuseToGenerate());
    }

    [Theory]
    [InlineData("unet/config.json")]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("scheduler/scheduler_config.json")]
    public void A_missing_file_is_named(string name)
    {
        File.Delete(Path.Combine(_model, name));
        Assert.Contains(Path.GetFileName(name), RefuseToGenerate());
    }

    [Fact]
    public void The_weights_of_another_network_are_refused_with_a_list()
    {
        var plain = TinyModel.Make(_folder, classes: false);
        File.Copy(TinyModel.Weights(plain), _weights, overwrite: true);
        Assert.Contains("1 missing: 'class_embedding.weight'", RefuseToGenerate());
    }

    private static string WithoutMetadata(string json) => json[..json.IndexOf("\"metadata\"", StringComparison.Ordinal)];

    private string RefuseToGenerate()
    {
        var line = Cm.Refuse("generate", "--model", _model, "--out", _folder["out"]);
        Assert.False(Directory.Exists(_folder["out"]));
        Assert.DoesNotContain(_folder.Files, file => file.EndsWith(".tmp", StringComparison.Ordinal));
        return line;
    }
}
