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
    [InlineData("model none/unet.onnx", "folder does not exist")]
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
