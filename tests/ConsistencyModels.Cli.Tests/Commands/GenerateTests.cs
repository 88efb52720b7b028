using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Imaging;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class GenerateTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _model;

    public GenerateTests() => _model = TinyModel.Make(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_picture_carries_what_made_it()
    {
        var file = _folder["deep", "er", "a.png"];
        var result = Cm.Succeed("generate", "--model", _model, "--classes", "wall", "--seed", "7", "--timesteps", "22,0", "--out", file);
        Assert.Equal(file, Assert.Single(result.OutLines));
        var text = PngText.ReadFile(file);
        Assert.Equal("model", text["model"]);
        Assert.Equal("7", text["seed"]);
        Assert.Equal("2", text["steps"]);
        Assert.Equal("22,0", text["timesteps"]);
        Assert.Equal("1", text["class"]);
        Assert.Equal("wall", text["class name"]);
        Assert.Contains(CommandLineApp.Version, text["Software"]);
    }

    [Fact]
    public void A_class_named_by_a_number_is_taken_by_its_name_and_that_is_said()
    {
        var numbered = _folder["numbered"];
        Cm.Succeed("new", TinyModel.Config(_folder), "--out", numbered, "--class-names", "0,2,1", "--quiet");
        var result = Cm.Succeed("generate", "--model", numbered, "--classes", "2,0", "--out", _folder["out"], "--json");
        using var json = JsonDocument.Parse(result.Out);
        Assert.Equal([1, 0], json.RootElement.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("class").GetInt32()));
        const string note = "--classes 2 is taken for the class of that name, number 1; class number 2 is called '1'";
        Assert.Equal(note, Assert.Single(json.RootElement.GetProperty("notes").EnumerateArray()).GetString());
        Assert.Contains($"note: {note}", result.Error);

        // Where names are no numbers, numbers are numbers.
        using var plain = JsonDocument.Parse(Cm.Succeed("generate", "--model", _model, "--classes", "2", "--out", _folder["out"], "--json").Out);
        Assert.Equal(2, plain.RootElement.GetProperty("images")[0].GetProperty("class").GetInt32());
        Assert.Empty(plain.RootElement.GetProperty("notes").EnumerateArray());
    }

    [Fact]
    public void A_link_that_is_named_stays_and_what_it_leads_to_is_the_picture()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        File.WriteAllText(_folder["real.png"], "old");
        File.CreateSymbolicLink(_folder["latest.png"], "real.png");
        Cm.Succeed("generate", "--model", _model, "--seed", "7", "--out", _folder["latest.png"]);
        Assert.Equal("real.png", new FileInfo(_folder["latest.png"]).LinkTarget);
        Assert.Equal("7", PngText.ReadFile(_folder["real.png"])["seed"]);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public void Picture_i_is_that_of_seed_plus_i_alone_whatever_the_chunk(string steps)
    {
        var together = Generate("-n", "5", "--seed", "40", "--classes", "floor,monster", "--steps", steps, "--chunk", "2");
        var third = Assert.Single(Generate("--seed", "42", "--classes", "floor", "--steps", steps));
        var fourth = Assert.Single(Generate("--seed", "43", "--classes", "monster", "--steps", steps));
        AssertSame(together[2], third);
        AssertSame(together[3], fourth);
        Assert.NotEqual(together[0].Pixels, together[2].Pixels);
    }

    [Fact]
    public void Drawn_classes_come_again_with_the_seed()
    {
        var first = Json("-n", "6", "--seed", "100", "--out", _folder["one"]);
        var second = Json("--seed", "103", "--out", _folder["two"]);
        Assert.Equal(first[3].GetProperty("class").GetInt32(), second[0].GetProperty("class").GetInt32());
        Assert.True(first.Select(image => image.GetProperty("class").GetInt32()).Distinct().Count() > 1);
    }

    [Fact]
    public void All_is_each_class_in_turn_and_a_number_is_as_good_as_a_name()
    {
        Assert.Equal([0, 1, 2], Json("--classes", "all", "--out", _folder["all"]).Select(image => image.GetProperty("class").GetInt32()));
        Assert.Equal([2, 0, 2, 0, 2], Json("-c", "MONSTER", "-c", "0", "-n", "5", "--out", _folder["turn"]).Select(image => image.GetProperty("class").GetInt32()));
        AssertSame(Assert.Single(Generate("-c", "1", "--seed", "5")), Assert.Single(Generate("-c", "wall", "--seed", "5")));
    }

    [Fact]
    public void Json_tells_files_seeds_classes_and_steps()
    {
        var result = Cm.Succeed("generate", "--model", _model, "-c", "wall", "-n", "2", "--seed", "9", "--steps", "2", "--json", "--out", _folder["out"]);
        using var json = JsonDocument.Parse(result.Out);
        Assert.Equal(_model, json.RootElement.GetProperty("model").GetString());
        Assert.Equal(2, json.RootElement.GetProperty("steps").GetInt32());
        Assert.True(json.RootElement.GetProperty("generating_seconds").GetDouble() >= 0);
        var images = json.RootElement.GetProperty("images").EnumerateArray().ToArray();
        Assert.Equal([9, 10], images.Select(image => image.GetProperty("seed").GetInt32()));
        Assert.All(images, image => Assert.Equal("wall", image.GetProperty("class_name").GetString()));
        Assert.All(images, image => Assert.True(File.Exists(image.GetProperty("file").GetString())));
    }

    [Fact]
    public void A_made_up_name_never_replaces_another_picture()
    {
        var folder = _folder["out"];
        string[] words = ["generate", "--model", _model, "-c", "floor", "--seed", "1", "--out", folder];
        var first = Assert.Single(Cm.Succeed(words).OutLines);
        Assert.Equal(Path.Combine(folder, "000001-floor.png"), first);
        var bytes = File.ReadAllBytes(first);

        // The same picture again is the same file; another one gets a name of its own.
        Assert.Equal(first, Assert.Single(Cm.Succeed(words).OutLines));
        var second = Assert.Single(Cm.Succeed([.. words, "--steps", "2"]).OutLines);
        Assert.Equal(Path.Combine(folder, "000001-floor-2.png"), second);
        Assert.Equal(bytes, File.ReadAllBytes(first));
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public void A_named_file_is_replaced()
    {
        var file = _folder["a.png"];
        File.WriteAllText(file, "old");
        Cm.Succeed("generate", "--model", _model, "--out", file);
        Assert.Equal(TinyModel.Size, ImageDecoder.DecodeFile(file).Width);
    }

    [Fact]
    public void A_grid_is_one_sheet_with_a_column_for_each_class()
    {
        var file = _folder["grid.png"];
        var result = Cm.Succeed("generate", "--model", _model, "-c", "all", "-n", "6", "--grid", "--scale", "3", "--seed", "4", "--out", file);
        Assert.Equal(file, Assert.Single(result.OutLines));
        var sheet = ImageDecoder.DecodeFile(file);
        Assert.Equal((3 * ((3 * TinyModel.Size) + 2)) + 2, sheet.Width);
        Assert.Equal((2 * ((3 * TinyModel.Size) + 2)) + 2, sheet.Height);
        Assert.Equal("4 to 9", PngText.ReadFile(file)["seed"]);
        Assert.Equal("0,1,2,0,1,2", PngText.ReadFile(file)["class"]);
    }

    [Theory]
    [InlineData("jpeg", ".jpg")]
    [InlineData("webp", ".webp")]
    [InlineData("png", ".png")]
    public void Formats_and_scale(string format, string extension)
    {
        var file = Assert.Single(Cm.Succeed("generate", "--model", _model, "--format", format, "--scale", "2", "--out", _folder["out"]).OutLines);
        Assert.Equal(extension, Path.GetExtension(file));
        Assert.Equal(2 * TinyModel.Size, ImageDecoder.DecodeFile(file).Height);
    }

    [Fact]
    public void Webp_loses_nothing()
    {
        var png = Assert.Single(Generate("--seed", "8"));
        var webp = Assert.Single(Generate("--seed", "8", "--format", "webp"));
        Assert.Equal(png.Pixels, webp.Pixels);
    }

    [Fact]
    public void Given_latents_decide_how_many_and_what()
    {
        var values = new float[2 * 3 * TinyModel.Size * TinyModel.Size];
        new TorchGenerator(12).Randn(values.AsSpan(0, values.Length / 2));
        var latents = _folder["noise.safetensors"];
        SafetensorsWriter.Write(latents, [TensorToWrite.FromFloats("latents", [2, 3, TinyModel.Size, TinyModel.Size], values)]);
        var images = Generate("--latents", latents, "-c", "floor");
        Assert.Equal(2, images.Length);

        // The first image's noise is what seed 12 draws.
        AssertSame(images[0], Assert.Single(Generate("--seed", "12", "-c", "floor")));
    }

    [Fact]
    public void Another_size_and_precision_work()
    {
        Assert.Equal(2 * TinyModel.Size, Assert.Single(Generate("--size", $"{2 * TinyModel.Size}")).Width);
        Assert.Single(Generate("--dtype", "bf16", "--threads", "1"));
    }

    [Theory]
    [InlineData("onestep", 1, 1)]
    [InlineData("multistep", 1, 1)]
    [InlineData("heun", 18, 35)]
    [InlineData("euler", 36, 36)]
    [InlineData("ancestral", 36, 36)]
    [InlineData("dpm2", 18, 36)]
    [InlineData("edm", 18, 35)]
    public void Any_sampler_draws_and_what_it_did_is_written_down(string sampler, int steps, int calls)
    {
        var file = _folder["a.png"];
        var result = Cm.Succeed("generate", "--model", _model, "-c", "wall", "--seed", "3", "--sampler", sampler, "--json", "--out", file);
        using var json = JsonDocument.Parse(result.Out);
        Assert.Equal((sampler, steps, calls), (json.RootElement.GetProperty("sampler").GetString(), json.RootElement.GetProperty("steps").GetInt32(), json.RootElement.GetProperty("network_calls").GetInt32()));
        Assert.Equal((80, 0), (json.RootElement.GetProperty("sigma_max").GetDouble(), json.RootElement.GetProperty("churn").GetDouble()));
        Assert.Equal((sampler, $"{steps}"), (PngText.ReadFile(file)["sampler"], PngText.ReadFile(file)["steps"]));
    }

    [Fact]
    public void Steps_churn_and_the_first_level_are_the_samplers()
    {
        string[] words = ["generate", "--model", _model, "-c", "wall", "--seed", "3", "--sampler", "heun", "--steps", "4", "--out"];
        Cm.Succeed([.. words, _folder["plain.png"]]);
        Cm.Succeed([.. words, _folder["churn.png"], "--churn", "3", "--sigma-max", "20"]);
        var text = PngText.ReadFile(_folder["churn.png"]);
        Assert.Equal(("4", "3", "20"), (text["steps"], text["churn"], text["sigma_max"]));
        Assert.False(PngText.ReadFile(_folder["plain.png"]).ContainsKey("churn"));
        Assert.NotEqual(ImageDecoder.DecodeFile(_folder["plain.png"]).Pixels, ImageDecoder.DecodeFile(_folder["churn.png"]).Pixels);
    }

    // What cm train leaves of a diffusion model: unet/, and a scheduler that says what it is.
    [Fact]
    public void A_diffusion_model_is_drawn_with_heun()
    {
        var teacher = _folder["teacher"];
        Directory.CreateDirectory(Path.Combine(teacher, "unet"));
        foreach (var file in Directory.GetFiles(Path.Combine(_model, "unet")))
        {
            File.Copy(file, Path.Combine(teacher, "unet", Path.GetFileName(file)));
        }

        Directory.CreateDirectory(Path.Combine(teacher, "scheduler"));
        File.WriteAllText(Path.Combine(teacher, "scheduler", "scheduler_config.json"), """{ "_class_name": "EDMEulerScheduler", "sigma_max": 40.0 }""");
        var result = Cm.Succeed("generate", "--model", teacher, "-n", "2", "--seed", "3", "--json", "--out", _folder["out"]);
        using var json = JsonDocument.Parse(result.Out);
        Assert.Equal(
            ("heun", 18, 40),
            (json.RootElement.GetProperty("sampler").GetString(), json.RootElement.GetProperty("steps").GetInt32(), json.RootElement.GetProperty("sigma_max").GetDouble()));
        Cm.Succeed("generate", "--model", teacher, "--sampler", "euler", "--steps", "2", "--out", _folder["euler.png"]);
        Assert.Contains("--timesteps: A list of timesteps is a whole schedule of multistep sampling", Cm.Refuse("generate", "--model", teacher, "--timesteps", "22,0"));
        Assert.Contains("expected a consistency model", Cm.Refuse("search-steps", "--model", teacher, "--reference", _folder["out"]));
    }

    [Fact]
    public void A_picture_larger_than_the_model_is_drawn_in_tiles()
    {
        var result = Cm.Succeed("generate", "--model", _model, "-c", "wall", "--seed", "3", "--size", "21x13", "--json", "--out", _folder["a.png"]);
        using var json = JsonDocument.Parse(result.Out);
        Assert.Equal((21, 13, 10), (json.RootElement.GetProperty("width").GetInt32(), json.RootElement.GetProperty("height").GetInt32(), json.RootElement.GetProperty("steps").GetInt32()));
        var picture = ImageDecoder.DecodeFile(_folder["a.png"]);
        Assert.Equal((21, 13), (picture.Width, picture.Height));

        // A size that the network takes and that is not larger is one pass.
        Assert.Equal(4, Assert.Single(Generate("--size", "4")).Width);
    }

    [Fact]
    public void Quiet_prints_nothing()
    {
        var result = Cm.Succeed("generate", "--model", _model, "--quiet", "--out", _folder["out"]);
        Assert.Equal("", result.Out + result.Error);
        Assert.Single(Directory.GetFiles(_folder["out"]));
    }

    [Fact]
    public void A_cancelled_command_is_a_failure_and_leaves_nothing()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var result = Cm.Run(source.Token, "generate", "--model", _model, "--out", _folder["out"]);
        Assert.Equal(130, result.Code);
        Assert.Equal("cm: cancelled", Cm.TheLine(result));
        Assert.False(Directory.Exists(_folder["out"]));
    }

    private static void AssertSame(ImageBuffer a, ImageBuffer b)
    {
        // On the managed engine a picture does not depend on its batch in a single bit.
        Assert.Equal(a.Pixels, b.Pixels);
    }

    private ImageBuffer[] Generate(params string[] words)
    {
        using var output = new TempFolder();
        var result = Cm.Succeed(["generate", "--model", _model, "--out", output.Path, .. words]);
        return [.. result.OutLines.Select(file => ImageDecoder.DecodeFile(file))];
    }

    private JsonElement[] Json(params string[] words)
    {
        var result = Cm.Succeed(["generate", "--model", _model, "--json", .. words]);
        using var json = JsonDocument.Parse(result.Out);
        return [.. json.RootElement.Clone().GetProperty("images").EnumerateArray()];
    }
}
