using System.Text.Json;

namespace ConsistencyModels.Cli.Tests.Checkpoints;

/// <summary>The commands that read and write other programs' checkpoints.</summary>
public sealed class ConvertAndDownloadTests : IDisposable
{
    private static readonly string Tiny = RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt");
    private readonly string _folder = Directory.CreateTempSubdirectory("cm-cli-").FullName;

    [Fact]
    public void A_checkpoint_becomes_a_folder_and_comes_back_bit_for_bit()
    {
        var (folder, back) = (Out("folder"), Out("back.pt"));
        var (code, output, error) = Run("convert", Tiny, folder, "--head-dim", "16", "--image-size", "8", "--kind", "ct");
        Assert.Equal((0, folder + Environment.NewLine), (code, output));
        Assert.Contains("354.7 k parameters, F32, 8x8, 201 timesteps, heads of 16", error, StringComparison.Ordinal);
        Assert.Equal(0, Run("convert", folder, back).Code);
        using var first = ConsistencyModels.Checkpoints.TorchFile.Open(Tiny);
        using var second = ConsistencyModels.Checkpoints.TorchFile.Open(back);
        Assert.Equal(first.Tensors.Keys, second.Tensors.Keys);
        Assert.All(first.Tensors.Keys, name => Assert.True(first.Bytes(name).SequenceEqual(second.Bytes(name)), name));
    }

    [Fact]
    public void Nothing_is_replaced_unasked()
    {
        File.WriteAllText(Out("x.pt"), "mine");
        var (code, _, error) = Run("convert", Tiny, Out("x.pt"));
        Assert.Equal(2, code);
        Assert.Contains("something is there already", error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(Out("x.pt")));
        Assert.Equal(0, Run("convert", Tiny, Out("x.pt"), "--force", "--quiet").Code);
        Assert.Contains("IN and OUT are the same", Run("convert", Tiny, Tiny).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--max-shard-size", "many", "--max-shard-size is 'many', expected a size")]
    [InlineData("--kind", "xx", "--kind is 'xx', expected cd, ct or edm")]
    public void Mistakes_are_one_line(string option, string value, string expected)
    {
        var (code, _, error) = Run("convert", Tiny, Out("x"), option, value);
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("model_fp32.pt")]
    [InlineData("model_fp32_legacy.pt")]
    public void Info_reads_torch_files(string file)
    {
        var (code, output, _) = Run("info", RepositoryFiles.Golden("openai", "tiny", file), "--json");
        Assert.Equal(0, code);
        var report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(354723, report.GetProperty("parameter_count").GetInt64());
        Assert.Equal(6, report.GetProperty("network").GetProperty("num_class_embeds").GetInt32());
        Assert.Equal(143, report.GetProperty("dtypes").GetProperty("F32").GetInt32());
        Assert.Contains("openai's names", Run("info", RepositoryFiles.Golden("openai", "tiny", file)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Download_wants_something_to_download()
    {
        var (code, _, error) = Run("download", "nothing");
        Assert.Equal(2, code);
        Assert.Contains("nothing: expected organisation/name, an address, or one of edm_imagenet64_ema", error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLineApp(new CliConsole(output, error, ErrorIsTerminal: false)).Run(args);
        return (code, output.ToString(), error.ToString());
    }

    private string Out(string name) => Path.Combine(_folder, name);
}
