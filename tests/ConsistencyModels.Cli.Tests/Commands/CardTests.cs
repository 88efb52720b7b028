using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>Cards from the command line.</summary>
public sealed class CardTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_card_has_numbers_pictures_and_the_runs_and_each_manifest_repeats_its_line()
    {
        var pictures = TinyModel.Pictures(_folder);
        Cm.Succeed("train", pictures, "--network", TinyModel.Config(_folder), "--images", "32", "--batch", "8", "--run", _folder["edm"], "-q");
        Cm.Succeed("train", pictures, "--images", "32", "--batch", "8", "--objective", "ect", "--init", _folder["edm", "model"], "--run", _folder["ect"], "-q");
        File.WriteAllText(_folder["about.md"], "Dots and stripes.");
        var (teacher, runs) = (_folder["edm", "model"], $"{_folder["edm"]},{_folder["ect"]}");
        var result = Cm.Succeed(
            "card", _folder["ect", "model"], "--reference", pictures, "--teacher", teacher, "--runs", runs, "--steps", "1,2", "-n", "8", "--license", "MIT", "--data-license", "Drawn by a test", "--about", _folder["about.md"], "--out", _folder["card"]);
        Assert.Equal(_folder["card", "README.md"], result.OutLines[0]);

        var card = File.ReadAllText(result.OutLines[0]);
        Assert.StartsWith("---\nlicense: mit\n", card);
        Assert.Contains("| [1 step](card/steps-1.json) | 1 | ", card);
        Assert.Contains("Heun's method in 18 steps](card/teacher.json) | 35 | ", card);
        Assert.Contains("[real pictures: one half against the other](card/floor.json) | - | ", card);
        Assert.Contains("[noise](card/noise.json)", card);
        Assert.Contains("Dots and stripes.", card);
        Assert.Contains("Drawn by a test.", card);
        Assert.Contains("| edm | 32 | 8 | RAdam, step size", card);
        Assert.Contains("\ncm train ", card);
        Assert.Contains("closer to a picture of the reference", card);
        Assert.Contains("Classes are drawn as often as the reference has them.", card);
        foreach (var picture in (string[])["samples-1.png", "samples-2.png", "nearest.png"])
        {
            Assert.Contains($"](card/{picture})", card);
            Assert.Equal("\u0089PNG", File.ReadAllText(_folder["card", "card", picture], System.Text.Encoding.Latin1)[..4]);
        }

        foreach (var manifest in Directory.GetFiles(_folder["card", "card"], "*.json"))
        {
            Assert.Contains("the same to the last digit", Cm.Succeed("evaluate", "--repeat", manifest).Error);
        }
    }

    [Fact]
    public void What_makes_no_card_is_refused_before_anything_is_drawn()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder));
        string Refused(params string[] words) => Cm.Refuse(["card", model, "--reference", pictures, "--out", _folder["card"], .. words]);
        Assert.Contains("no run.json", Refused("--runs", _folder["nothing"]));
        Assert.Contains("--about", Refused("--about", _folder["nothing.md"]));
        Assert.Contains("1,2,4", Refused("--steps", "0,2"));
        Assert.Contains("expected a diffusion model", Refused("--teacher", model));
        Assert.Contains("nowhere", Refused("--teacher", _folder["nowhere"]));
        Directory.CreateDirectory(_folder["run"]);
        File.WriteAllText(_folder["run", "run.json"], "[");
        Assert.Contains("not valid JSON", Refused("--runs", _folder["run"]));
        File.WriteAllText(_folder["run", "run.json"], "{}");
        Assert.Contains("objective.name", Refused("--runs", _folder["run"]));
        Cm.Succeed("train", pictures, "--network", TinyModel.Config(_folder), "--images", "8", "--batch", "8", "--run", _folder["broken"], "-q");
        File.AppendAllText(_folder["broken", "log.jsonl"], "{]}\n");
        Assert.Contains("log.jsonl: a line is not valid JSON", Refused("--runs", _folder["broken"]));
        Assert.False(Directory.Exists(_folder["card"]));
        Directory.CreateDirectory(_folder["card"]);
        File.WriteAllText(_folder["card", "README.md"], "mine");
        Assert.Contains("--force replaces it", Refused());
        Assert.Equal("mine", File.ReadAllText(_folder["card", "README.md"]));
    }

    [Fact]
    public void Real_pictures_and_noise_are_the_ends_of_the_scale()
    {
        var pictures = Flat(40);
        var floor = Value(Cm.Succeed("evaluate", "--floor", "--reference", pictures, "--metrics", "kd", "--json").Out);
        var noise = Value(Cm.Succeed("evaluate", "noise", "--size", "8", "-n", "20", "--reference", pictures, "--metrics", "kd", "--json").Out);
        Assert.True(noise > floor, $"noise {noise}, real pictures {floor}");
        Assert.Contains("give --size", Cm.Refuse("evaluate", "noise", "--reference", pictures));
        Assert.Contains("leave out SAMPLES", Cm.Refuse("evaluate", pictures, "--floor", "--reference", pictures));

        static double Value(string json)
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("results")[0].GetProperty("value").GetDouble();
        }
    }

    [Fact]
    public void Only_the_folders_of_the_classes_are_compared_with()
    {
        var pictures = TinyModel.Pictures(_folder);
        var one = Path.GetFileName(Directory.GetDirectories(pictures).Order(StringComparer.Ordinal).First());
        using var document = JsonDocument.Parse(Cm.Succeed("evaluate", pictures, "--reference", pictures, "--reference-classes", $"x={one}", "--json").Out);
        var reference = document.RootElement.GetProperty("reference");
        Assert.Equal(Directory.GetFiles(Path.Combine(pictures, one)).Length, reference.GetProperty("count").GetInt32());
        Assert.Equal($"x={one}", reference.GetProperty("class_map").GetString());
    }

    private string Flat(int count)
    {
        Directory.CreateDirectory(_folder["flat"]);
        for (var i = 0; i < count; i++)
        {
            var image = new ImageBuffer(8, 8, 3);
            image.Pixels.AsSpan().Fill((byte)(6 * i));
            ImageEncoder.SaveFile(image, _folder["flat", $"{i:00}.png"]);
        }

        return _folder["flat"];
    }
}
