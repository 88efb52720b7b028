using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cli.Commands;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Tests.Perceptual;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Recipes;

namespace ConsistencyModels.Cli.Tests.Commands;

public sealed class TrainTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _pictures;
    private readonly string _network;

    public TrainTests()
    {
        _pictures = TinyModel.Pictures(_folder);
        _network = TinyModel.Config(_folder);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void From_pictures_to_a_consistency_model_that_draws_its_classes()
    {
        var edm = Train("edm", "--images", "48");
        Assert.Equal(_folder["edm", "model"], Assert.Single(edm.OutLines));
        Assert.Contains("--objective ect --init", edm.Error);
        Assert.Contains("step 6  images 48 of 48", edm.Error);

        var ect = Cm.Succeed("train", _pictures, "--run", _folder["ect"], "--init", _folder["edm", "model"], "--objective", "ect", "--images", "24", "--batch", "8");
        Assert.Contains("cm generate --model", ect.Error);
        var picture = Cm.Succeed("generate", "--model", _folder["ect", "model"], "--classes", "wall", "--out", _folder["out"]);
        Assert.EndsWith("-wall.png", Assert.Single(picture.OutLines));
    }

    [Fact]
    public void The_advice_names_the_pictures_wherever_they_stand_on_the_line()
    {
        var edm = Cm.Succeed("train", "--run", _folder["r"], "--network", _network, "--images", "8", "--batch", "8", _pictures);
        Assert.Contains($"cm train {_pictures} --objective ect --init {_folder["r", "model"]}", edm.Error);
    }

    [Fact]
    public void The_words_of_the_command_are_those_of_the_library()
    {
        Assert.Equal(ObjectiveCatalogue.All.Select(recipe => recipe.Name), TrainCommand.Objectives);
        Assert.Equal(TrainingRecipe.PresetNames, TrainCommand.Presets);
        Assert.All(TrainCommand.Presets, name => Assert.NotNull(TrainingRecipe.Preset(name).About));
    }

    [Fact]
    public void A_diffusion_model_that_was_trained_here_is_drawn_from_and_distilled()
    {
        Train("edm", "--images", "16");
        Cm.Succeed("generate", "--model", _folder["edm", "model"], "--sampler", "heun", "--steps", "4", "--out", _folder["heun"]);
        foreach (var objective in new[] { "cd", "pd", "scm" })
        {
            var result = Cm.Succeed("train", _pictures, "--run", _folder[objective], "--objective", objective, "--teacher", _folder["edm", "model"], "--images", "16", "--batch", "8");
            Assert.Equal(_folder[objective, "model"], Assert.Single(result.OutLines));
        }

        Cm.Succeed("generate", "--model", _folder["cd", "model"], "--out", _folder["cd.png"]);
        Assert.Contains("consistency model, expected a diffusion model", Cm.Refuse("train", _pictures, "--run", _folder["x"], "--objective", "cd", "--init", _folder["cd", "model"]));
    }

    [Fact]
    public void A_preset_is_printed_by_a_dry_run_and_words_go_before_it()
    {
        var text = Cm.Succeed("train", _pictures, "--run", _folder["r"], "--preset", "ect-cifar10-1h", "--network", _network, "--batch", "4", "--images", "8", "--dry-run").Out;
        Assert.Contains("q=256", text);
        Assert.Contains("0.9993 (rate)", text);
        Assert.Contains("2 steps of 4", text);
    }

    [Fact]
    public void A_recipe_file_says_what_options_say()
    {
        File.WriteAllText(_folder["r.json"], """{"objective": "ect", "settings": {"q": 4}, "images": "1.5k", "batch": 4, "averages": ["2k", "0.99"], "optimizer": {"kind": "adam"}}""");
        var text = Cm.Succeed("train", _pictures, "--run", _folder["r"], "--recipe", _folder["r.json"], "--network", _network, "--dry-run").Out;
        Assert.Contains("q=4", text);
        Assert.Contains("375 steps of 4", text);
        Assert.Contains("2k (half-life in images), 0.99 (rate)", text);
        Assert.Contains("Adam, betas", text);
        File.WriteAllText(_folder["r.json"], """{"objective": "ect", "settings": {"q": 2, "q": 8}, "optimizer": {"kind": "adamw"}}""");
        text = Cm.Succeed("train", _pictures, "--run", _folder["r"], "--recipe", _folder["r.json"], "--network", _network, "--dry-run").Out;
        Assert.Contains("q=8", text);
        Assert.Contains("weight decay 0.01", text);
        File.WriteAllText(_folder["r.json"], """{"objective": "ect", "momentum": 1}""");
        Assert.Contains("no key \"momentum\"", Cm.Refuse("train", _pictures, "--run", _folder["r"], "--recipe", _folder["r.json"]));
    }

    [Fact]
    public void Augmentation_is_published_for_edm_and_leaves_nothing_in_the_model()
    {
        var text = Cm.Succeed("train", _pictures, "--run", _folder["r"], "--preset", "edm-cifar10", "--network", _network, "--batch", "4", "--images", "8", "--dry-run").Out;
        Assert.Contains("each way with probability 0.12", text);
        File.WriteAllText(_folder["r.json"], """{"augment": 0.5}""");
        text = Cm.Succeed("train", _pictures, "--run", _folder["r"], "--recipe", _folder["r.json"], "--network", _network, "--augment", "0", "--dry-run").Out;
        Assert.DoesNotContain("each way", text);
        File.WriteAllText(_folder["r.json"], """{"augment": 1.5}""");
        Assert.Contains("augment: found 1.5, expected a number from 0 to 1", Cm.Refuse("train", _pictures, "--run", _folder["r"], "--recipe", _folder["r.json"]));

        Train("told", "--images", "16", "--augment", "0.5");
        Assert.Contains("\"augment\": 0.5", File.ReadAllText(_folder["told", "run.json"]));
        Cm.Succeed("generate", "--model", _folder["told", "model"], "--sampler", "heun", "--steps", "4", "--engine", "cpu", "--out", _folder["cpu"]);
        Assert.Contains(
            "augment: found 0.5, expected 0 for cd",
            Cm.Refuse("train", _pictures, "--run", _folder["cd"], "--objective", "cd", "--teacher", _folder["told", "model"], "--augment", "0.5"));
        Assert.Contains("this run has none", Cm.Refuse("train", _pictures, "--run", _folder["told"], "--network", _network, "--batch", "8", "--images", "32"));
    }

    [Theory]
    [InlineData("ect")]
    [InlineData("ict")]
    public void A_run_that_is_made_longer_goes_on_with_the_schedule_it_has(string objective)
    {
        Train("r", "--images", "16", "--objective", objective);
        var longer = Train("r", "--images", "64", "--objective", objective);
        Assert.Contains($"note: the run began with a length of 16 images, and {objective} keeps the schedule of that; 64 is only where it ends now", longer.Error);
        Assert.Contains("step 8  images 64 of 64", longer.Error);
        if (objective == "ect")
        {
            Assert.Contains("stage_images=2,", Train("r", "--images", "200", "--objective", objective, "--dry-run").Out);
        }
    }

    [Fact]
    public void What_is_set_differently_is_said_when_a_run_goes_on()
    {
        Train("r", "--images", "16");
        var changed = Train("r", "--images", "24", "--optimizer", "adam", "--micro-batch", "4");
        Assert.Contains("note: from here on this is not what an uninterrupted run would give: kind was RAdam, is Adam; micro_batch was 0, is 4\n", changed.Error);
        Assert.DoesNotContain("uninterrupted", Train("r", "--images", "32", "--optimizer", "adam", "--micro-batch", "4").Error);
    }

    [Fact]
    public void A_single_file_is_a_start_as_well()
    {
        var file = RepositoryFiles.Golden("openai", "tiny", "model_fp32.pt");
        Cm.Succeed("train", _pictures, "--run", _folder["r"], "--init", file, "--size", "8", "--images", "8", "--batch", "8", "--lr", "1e-9", "--quiet");
        Assert.Equal(6, UNet2DConfig.Load(_folder["r", "model", "unet", "config.json"]).NumClassEmbeds);
        using var start = ModelReader.Open(file);
        using var end = WeightFiles.Open(_folder["r", "model", "unet"]);
        using var weights = start.OpenWeights();
        var (before, after) = (new float[weights.Tensors["conv_in.weight"].ElementCount], new float[weights.Tensors["conv_in.weight"].ElementCount]);
        weights.CopyTo("conv_in.weight", before);
        end.CopyTo("conv_in.weight", after);
        Assert.All(before.Zip(after), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Fact]
    public void A_preset_takes_its_size_and_classes_from_the_data()
    {
        Cm.Succeed("train", _pictures, "--run", _folder["r"], "--network", "tiny32", "--size", "16", "--images", "4", "--batch", "4", "--quiet");
        var network = UNet2DConfig.Load(_folder["r", "model", "unet", "config.json"]);
        Assert.Equal(2, network.NumClassEmbeds);
        Assert.Equal(new ImageSize(16, 16), network.SampleSize);
    }

    [Fact]
    public void A_dry_run_says_what_it_would_do_and_leaves_nothing()
    {
        var before = _folder.Files;
        var text = Cm.Succeed(
            "train", _pictures, "--run", _folder["r"], "--network", _network, "--images", "1.5M", "--batch", "32", "--objective", "ect", "--dry-run").Out;
        Assert.Contains("12 pictures of 8x8, 3 channels", text);
        Assert.Contains("floor 6, wall 6", text);
        Assert.Contains("1.5 M", text);
        Assert.Contains("ect: adjustment=sigmoid", text);
        Assert.Contains("stage_images=187500", text);
        Assert.Contains("images per second", text);
        Assert.Equal(before, _folder.Files);
    }

    [Fact]
    public void Ect_from_nothing_is_done_with_a_note()
    {
        var result = Train("r", "--objective", "ect", "--images", "8");
        Assert.Contains("note: ect tunes a diffusion model", result.Error);
    }

    [Fact]
    public void Cancelled_it_saves_and_says_how_to_go_on()
    {
        using var source = new CancellationTokenSource();
        var reached = Path.Combine(_folder["r"], "log.jsonl");
        using var timer = new Timer(_ =>
        {
            if (File.Exists(reached) && new FileInfo(reached).Length > 0)
            {
                source.Cancel();
            }
        });
        timer.Change(0, 5);
        var result = Cm.Run(source.Token, "train", _pictures, "--run", _folder["r"], "--network", _network, "--batch", "4", "--images", "4000000", "--log-every", "1");
        Assert.Equal(0, result.Code);
        Assert.Contains("stopped and saved at image", result.Error);
        Assert.Single(Directory.GetFiles(_folder["r", "checkpoints"]));
    }

    [Fact]
    public void A_perceptual_distance_is_opened_for_the_objective_that_asks_and_its_weights_are_the_runs()
    {
        using var files = new BackboneFiles();
        var weights = files[PerceptualBackbone.Squeeze];
        string[] words = ["train", _pictures, "--network", _network, "--objective", "ct", "--batch", "2", "--images", "2", "--quiet"];
        string[] perceptual = [.. words, "--set", "metric=lpips", "--set", "lpips=squeeze"];
        var plan = Cm.Succeed([.. perceptual, "--set", $"lpips_weights={weights}", "--run", _folder["plan"], "--dry-run"]);
        Assert.Matches("lpips=squeeze, lpips_weights=sha256:[0-9a-f]{16}, metric=lpips", plan.Out);
        Cm.Succeed([.. perceptual, "--set", $"lpips_weights={weights}", "--run", _folder["r"]]);

        // The same weights from elsewhere go on, and it is done already; another metric is another run.
        File.Copy(weights, _folder["moved.pth"]);
        Cm.Succeed([.. perceptual, "--set", $"lpips_weights={_folder["moved.pth"]}", "--run", _folder["r"]]);
        Assert.Contains("metric=l2", Cm.Refuse([.. words, "--run", _folder["r"]]));
    }

    [Fact]
    public void Another_run_in_the_folder_is_refused_and_kept()
    {
        Train("r", "--images", "8");
        var checkpoint = Assert.Single(Directory.GetFiles(_folder["r", "checkpoints"]));
        var before = File.ReadAllBytes(checkpoint);
        var line = Cm.Refuse("train", _pictures, "--run", _folder["r"], "--network", _network, "--images", "16", "--batch", "8", "--seed", "1");
        Assert.Contains("seed is 0, this run has 1", line);
        Assert.Equal(before, File.ReadAllBytes(checkpoint));
    }

    [Theory]
    [InlineData("--images 12q", "--images is '12q'", "400k or 1.5M")]
    [InlineData("--images 0", "--images is '0'", "from 1")]
    [InlineData("--batch 0", "--batch is '0'", "from 1")]
    [InlineData("--augment 2", "--augment is '2'", "from 0 to 1")]
    [InlineData("--lr -1", "--lr is '-1'", "above 0")]
    [InlineData("--objective ect --set q=1", "ect: q is \"1\"", "above 1")]
    [InlineData("--objective ect --set quick=1", "\"quick\"", "adjustment, b, c")]
    [InlineData("--set q", "--set is 'q'", "NAME=VALUE")]
    [InlineData("--objective cd", "--objective cd", "--teacher MODEL or --init MODEL")]
    [InlineData("--teacher x", "--teacher is 'x'", "edm has no teacher")]
    [InlineData("--objective ct --set metric=lpips --set lpips=squeeze", "lpips_weights does not say", "squeezenet1_1-b8a52dc0.pth")]
    [InlineData("--objective ct --set metric=lpips --set lpips_weights=nowhere.pth", "nowhere.pth: there is no such file", "vgg16-397923af.pth")]
    [InlineData("--preset big", "--preset is 'big'", "ect-cifar10")]
    [InlineData("--recipe nowhere.json", "nowhere.json", "")]
    [InlineData("--preset edm-cifar10 --objective ect", "--objective is 'ect'", "--preset is for edm")]
    [InlineData("--averages 50k,1.5", "\"1.5\"", "a rate below 1")]
    [InlineData("--averages 50k --half-life 40k", "--averages and --half-life", "one of them")]
    [InlineData("--checkpoint-every soon", "--checkpoint-every is 'soon'", "5m")]
    [InlineData("--objective gan", "--objective is 'gan'", "edm, cd, ct, ict, ect, pd or scm")]
    [InlineData("--network big", "big", "tiny32")]
    [InlineData("--init nowhere", "nowhere", "no such file or folder")]
    [InlineData("--size 7", "--size is 7", "multiple of 2")]
    [InlineData("--background grey", "--background is 'grey'", "black, white")]
    [InlineData("--classes floor=,wall", "floor", "empty folder")]
    [InlineData("--classes a=nowhere", "pictures", "holds no usable images")]
    [InlineData("--native-size-only --size 6", "6x6", "usable")]
    [InlineData("--device cuda:99", "cuda:99", "device")]
    public void Words_that_make_no_sense_are_refused(string words, string found, string expected)
    {
        string[] network = words.StartsWith("--network", StringComparison.Ordinal) || words.StartsWith("--init", StringComparison.Ordinal) ? [] : ["--network", _network];
        var line = Cm.Refuse(["train", _pictures, "--run", _folder["r"], .. network, .. words.Split(' ')]);
        Assert.Contains(found, line);
        Assert.Contains(expected, line);
        Assert.False(Directory.Exists(_folder["r", "checkpoints"]));
    }

    [Fact]
    public void Data_that_are_not_there_or_damaged_are_refused()
    {
        Assert.Contains("nowhere: not found; expected", Cm.Refuse("train", _folder["nowhere"], "--run", _folder["r"]));
        File.WriteAllText(Path.Combine(_pictures, "floor", "0.png"), "no picture");
        Assert.Contains("0.png", Cm.Refuse("train", _pictures, "--run", _folder["r"], "--network", _network));
    }

    [Theory]
    [InlineData("400k", 400_000)]
    [InlineData("1.5M", 1_500_000)]
    [InlineData("2G", 2_000_000_000)]
    [InlineData("77", 77)]
    [InlineData("k", null)]
    [InlineData("", null)]
    [InlineData("-3", null)]
    [InlineData("1e3", null)]
    public void Counts_may_be_written_short(string text, object? expected) =>
        Assert.Equal(expected is null ? null : Convert.ToInt64(expected), Options.ParseCount(text));

    private Cm.Result Train(string run, params string[] words) => Cm.Succeed(
        ["train", _pictures, "--run", _folder[run], "--network", _network, "--batch", "8", "--log-every", "1", .. words]);
}
