using ConsistencyModels.Cli.Tests.Processes;
using ConsistencyModels.Imaging;
using ConsistencyModels.Tests.Hub;

namespace ConsistencyModels.Cli.Tests.Checkpoints;

/// <summary>A model's name on the Hub stands wherever a model does: downloaded once, then used without a network.</summary>
public sealed class ModelByNameTests : IDisposable
{
    private readonly FakeHub _fake = new();
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task Generate_downloads_once_and_works_offline_afterwards()
    {
        var folder = Cm.Succeed("generate", "-m", RepositoryFiles.Golden("openai", "tiny", "diffusers"), "--seed", "5", "-c", "2", "-o", _folder["here.png"]);
        Assert.Equal(0, folder.Code);
        foreach (var (offline, file) in new[] { ("0", "first.png"), ("1", "second.png") })
        {
            var requests = _fake.Hub.Requests.Count;
            var result = await CmProcess.Run(
                _fake.Environment(offline), "generate", "-m", "org/model", "--revision", "v1", "--seed", "5", "-c", "2", "-o", _folder[file]);
            Assert.True(result.Code == 0, result.Error);
            Assert.Contains("1 picture by org/model,", result.Error, StringComparison.Ordinal);
            Assert.Equal(ImageDecoder.DecodeFile(_folder["here.png"]).Pixels, ImageDecoder.DecodeFile(_folder[file]).Pixels);
            Assert.Equal("org/model", PngText.ReadFile(_folder[file])["model"]);
            Assert.Equal(offline == "1", requests == _fake.Hub.Requests.Count);
        }

        Assert.Contains(_fake.Hub.Requests, request => request.Path.EndsWith("/revision/v1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Info_and_convert_take_names()
    {
        var info = await CmProcess.Run(_fake.Environment(), "info", "org/model");
        Assert.True(info.Code == 0, info.Error);
        Assert.Contains("354.7 k parameters", info.Out, StringComparison.Ordinal);
        var convert = await CmProcess.Run(_fake.Environment("1"), "convert", "org/model", _folder["mine.pt"]);
        Assert.True(convert.Code == 0, convert.Error);
        Assert.Contains("354.7 k", Cm.Succeed("info", _folder["mine.pt"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_download_shows_how_far_it_is()
    {
        _fake.OnStorage = request => FakeHub.Content(request, _fake.Files["unet/diffusion_pytorch_model.safetensors"]) with
        {
            PieceSize = 1 << 16,
            PieceDelay = TimeSpan.FromMilliseconds(120), // 22 pieces: 2.6 seconds
        };
        var result = await CmProcess.Run(_fake.Environment(), "info", "org/model");
        Assert.True(result.Code == 0, result.Error);
        Assert.Contains("downloading", result.Error, StringComparison.Ordinal); // no terminal: a line in place of the bar
    }

    [Theory]
    [InlineData("org/missing", "0", "there is no such repository")]
    [InlineData("org/missing", "1", "HF_HUB_OFFLINE forbids to download it")]
    [InlineData("cd_imagenet64_l2", "1", "HF_HUB_OFFLINE forbids to download it")]
    public async Task What_cannot_be_had_is_one_line(string model, string offline, string expected)
    {
        _fake.OnHub = request => request.Path.Contains("org/missing", StringComparison.Ordinal)
            ? new RawAnswer(404, []) { Headers = { ["X-Error-Code"] = "RepoNotFound" } }
            : null;
        OneLine(await CmProcess.Run(_fake.Environment(offline), "generate", "-m", model, "-o", _folder["x.png"]), model, expected);
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_is_one_line()
    {
        var environment = _fake.Environment();
        environment["HF_ENDPOINT"] = "http://127.0.0.1:1";
        OneLine(await CmProcess.Run(environment, "info", "org/model"), "org/model", "cannot be reached");
    }

    public void Dispose()
    {
        _fake.Dispose();
        _folder.Dispose();
    }

    private static void OneLine(Cm.Result result, string model, string expected)
    {
        // Beside it at most the line that says what was waited for.
        var line = Assert.Single(result.Error.TrimEnd('\n').Split('\n'), line => line != "downloading ...");
        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.StartsWith("cm: ", line, StringComparison.Ordinal);
        Assert.Contains(model, line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secret", line, StringComparison.Ordinal);
    }
}
