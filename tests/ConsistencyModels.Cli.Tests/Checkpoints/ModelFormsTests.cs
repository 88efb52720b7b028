using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Checkpoints;

/// <summary>Every form a model comes in gives the same picture; what bare tensors do not tell can be said.</summary>
public sealed class ModelFormsTests : IDisposable
{
    private static readonly string Tiny = RepositoryFiles.Golden("openai", "tiny");
    private readonly TempFolder _folder = new();
    private readonly string[] _facts = ["--head-dim", "16", "--image-size", "8"];

    [Theory]
    [InlineData("model_fp32.pt")]
    [InlineData("model_fp32_legacy.pt")]
    [InlineData("diffusers/unet")]
    [InlineData("copy.ckpt")] // diffusers' names in a file of torch.save
    [InlineData("copy.bin")]
    [InlineData("copy.safetensors")]
    public void The_same_picture_whatever_the_form(string form)
    {
        var model = Path.Combine(Tiny, form);
        if (form.StartsWith("copy", StringComparison.Ordinal))
        {
            model = _folder[form];
            Cm.Succeed(["convert", Path.Combine(Tiny, "model_fp32.pt"), model, "--names", "diffusers", .. _facts]);
        }

        Assert.Equal(Picture(Path.Combine(Tiny, "diffusers")), Picture(model, _facts));
    }

    [Fact]
    public void A_fact_that_tensors_do_not_tell_makes_a_difference() =>
        Assert.NotEqual(Picture(Path.Combine(Tiny, "diffusers")), Picture(Path.Combine(Tiny, "model_fp32.pt"), "--head-dim", "32", "--image-size", "8"));

    [Fact]
    public void Edits_and_the_search_for_steps_take_files()
    {
        var model = Path.Combine(Tiny, "model_fp32.pt");
        var picture = _folder["in", "a.png"];
        Directory.CreateDirectory(_folder["in"]);
        for (var i = 0; i < 50; i++)
        {
            var image = new ImageBuffer(8, 8, 3);
            new System.Random(i).NextBytes(image.Pixels);
            ImageEncoder.SaveFile(image, _folder["in", i == 0 ? "a.png" : $"{i}.png"]);
        }

        Cm.Succeed(["edit", "stroke", picture, "-m", model, "--seed", "1", "-c", "2", "-o", _folder["folder.png"], .. _facts]);
        Cm.Succeed("edit", "stroke", picture, "-m", Path.Combine(Tiny, "diffusers"), "--seed", "1", "-c", "2", "-o", _folder["file.png"]);
        Assert.Equal(ImageDecoder.DecodeFile(_folder["folder.png"]).Pixels, ImageDecoder.DecodeFile(_folder["file.png"]).Pixels);
        var found = Cm.Succeed(["search-steps", "-m", model, "--reference", _folder["in"], "--samples", "2", "--kind", "ct", .. _facts]);
        Assert.StartsWith("--timesteps ", found.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Info_takes_what_tensors_do_not_tell()
    {
        var model = Path.Combine(Tiny, "model_fp32.pt");
        var report = JsonDocument.Parse(Cm.Succeed(["info", model, "--json", "--kind", "ct", .. _facts]).Out).RootElement;
        Assert.Equal(16, report.GetProperty("network").GetProperty("attention_head_dim").GetInt32());
        Assert.Equal(8, report.GetProperty("network").GetProperty("sample_size").GetInt32());
        Assert.Equal(201, report.GetProperty("scheduler").GetProperty("num_train_timesteps").GetInt32());
        report = JsonDocument.Parse(Cm.Succeed("info", Path.Combine(Tiny, "diffusers"), "--json", "--train-timesteps", "18").Out).RootElement;
        Assert.Equal(18, report.GetProperty("scheduler").GetProperty("num_train_timesteps").GetInt32());
    }

    [Theory]
    [InlineData("info", "--head-dim", "7", "expected a divisor of 32")]
    [InlineData("info", "--head-dim", "0", "--head-dim is '0'")]
    [InlineData("info", "--entry", "ema", "ema")]
    [InlineData("info", "--revision", "v1", "does not come from the Hub")]
    [InlineData("generate", "--head-dim", "7", "expected a divisor of 32")]
    [InlineData("generate", "--revision", "v1", "does not come from the Hub")]
    public void Facts_that_cannot_be_are_one_line(string verb, string option, string value, string expected)
    {
        var model = Path.Combine(Tiny, "model_fp32.pt");
        Assert.Contains(expected, Cm.Refuse(verb == "info" ? [verb, model, option, value] : [verb, "-m", model, option, value]));
    }

    [Fact]
    public void Nothing_to_infer_from_is_one_line()
    {
        // Its groups are no divisor of 32, and a file alone does not say how many there are.
        var bare = _folder["bare.safetensors"];
        File.Copy(TinyModel.Weights(TinyModel.Make(_folder)), bare);
        Assert.Contains("cannot be inferred", Cm.Succeed("info", bare).Out); // the tensors are listed all the same
        foreach (var line in new[] { Cm.Refuse("generate", "-m", bare), Cm.Refuse("convert", bare, _folder["out"]), Cm.Refuse("info", bare, "--head-dim", "8") })
        {
            Assert.Contains("bare.safetensors", line);
            Assert.Contains("expected", line);
        }
    }

    [Theory]
    [InlineData("info nowhere")]
    [InlineData("generate -m nowhere")]
    [InlineData("generate -m models/nowhere.pt")] // no repository: nobody is asked
    [InlineData("edit stroke a.png -m nowhere")]
    [InlineData("search-steps --reference x -m nowhere")]
    [InlineData("convert nowhere out")]
    public void A_model_that_is_nowhere_is_one_line(string words)
    {
        var line = Cm.Refuse(words.Split(' '));
        Assert.Contains("no such file or folder", line);
        Assert.Contains("organisation/name on the Hub", line);
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Picture(string model, params string[] facts)
    {
        var file = _folder[$"{Guid.NewGuid():N}.png"];
        Cm.Succeed(["generate", "-m", model, "--seed", "5", "-c", "2", "-o", file, .. facts]);
        return ImageDecoder.DecodeFile(file).Pixels;
    }
}
