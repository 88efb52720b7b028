using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class ExportTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _model;

    public ExportTests() => _model = TinyModel.Make(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_form_is_written_under_the_names_of_its_inputs()
    {
        var network = _folder["unet.onnx"];
        Assert.Equal([network], Cm.Succeed("export", "onnx", _model, network).OutLines);
        Assert.Contains("out_sample", Text(network));

        var whole = _folder["whole.onnx"];
        Cm.Succeed("export", "onnx", _model, whole, "--function", "consistency", "--dtype", "f16", "--dynamic-size");
        Assert.Contains("denoised", Text(whole));
        Assert.Contains("height", Text(whole));
        Assert.DoesNotContain("out_sample", Text(whole));
        Assert.InRange(new FileInfo(whole).Length, 1, new FileInfo(network).Length * 3 / 4);
    }

    [Fact]
    public void Weights_beyond_half_precision_are_refused_and_nothing_is_written()
    {
        var weights = TinyModel.Weights(_model);
        var file = _folder["large.safetensors"];
        using (var source = SafetensorsFile.Open(weights))
        {
            var info = source.Tensors["conv_in.bias"];
            var bias = new float[info.ElementCount];
            (bias[0], bias[1]) = (1e6f, -1e6f);
            SafetensorsWriter.Write(
                file,
                source.Tensors.Keys.Where(name => name != info.Name).Select(name => TensorToWrite.FromSource(source, name)).Append(TensorToWrite.FromFloats(info.Name, info.Shape, bias)));
        }

        File.Move(file, weights, overwrite: true);
        foreach (var line in new[] { Cm.Refuse("export", "onnx", _model, _folder["h.onnx"], "--dtype", "f16"), Cm.Refuse("convert", _model, _folder["h"], "--dtype", "f16") })
        {
            Assert.Contains("2 values are beyond 65504, the largest of F16, and would become infinite: 'conv_in.bias' 2", line);
        }

        Assert.False(Path.Exists(_folder["h.onnx"]) || Path.Exists(_folder["h"]));
        Cm.Succeed("export", "onnx", _model, _folder["f.onnx"]);
        Cm.Succeed("convert", _model, _folder["b"], "--dtype", "bf16");
    }

    [Fact]
    public void Nothing_is_replaced_unasked()
    {
        var path = _folder["unet.onnx"];
        File.WriteAllText(path, "mine");
        Assert.Contains("--force", Cm.Refuse("export", "onnx", _model, path));
        Assert.Equal("mine", File.ReadAllText(path));
        Cm.Succeed("export", "onnx", _model, path, "--force", "--quiet");
        Assert.Contains("out_sample", Text(path));
    }

    [Theory]
    [InlineData("model none.bin", "ending in .onnx")]
    [InlineData("nothing unet.onnx", "nothing")]
    [InlineData("model unet.onnx --dtype bf16", "--dtype is 'bf16', expected f32 or f16")]
    [InlineData("model unet.onnx --function all", "--function is 'all', expected network or consistency")]
    [InlineData("model unet.onnx --variant fp16", "fp16")]
    public void Mistakes_are_one_line_and_leave_no_file(string words, string expected)
    {
        var before = _folder.Files;
        string[] parts = words.Split(' ');
        Assert.Contains(expected, Cm.Refuse(["export", "onnx", _folder[parts[0]], _folder[parts[1]], .. parts[2..]]));
        Assert.Equal(before, _folder.Files);
    }

    [Fact]
    public void Damaged_weights_leave_no_file()
    {
        var weights = TinyModel.Weights(_model);
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^9]);
        var before = _folder.Files;
        Cm.Refuse("export", "onnx", _model, _folder["unet.onnx"]);
        Assert.Equal(before, _folder.Files);
    }

    private static string Text(string path) => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path));
}
