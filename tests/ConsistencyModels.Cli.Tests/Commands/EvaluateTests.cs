using System.Text.Json;

namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>Evaluation from the command line, by the extractor that everybody can have and on a few pictures.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_is_measured_and_its_manifest_repeats_it_to_the_last_digit()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder));
        string[] command = ["evaluate", model, "--reference", pictures, "-n", "10", "--steps", "2", "--metrics", "all", "--batch", "4", "--out", _folder["eval"]];
        var result = Cm.Succeed([.. command, "--report"]);
        Assert.Contains("FD-resnet18 ", result.OutLines[0]);
        Assert.Contains("precision-resnet18", result.Out);
        Assert.DoesNotContain("FID", result.Out);
        Assert.Contains("singular", result.Error);

        using var manifest = JsonDocument.Parse(File.ReadAllText(_folder["eval", "evaluation.json"]));
        Assert.Equal(2, manifest.RootElement.GetProperty("samples").GetProperty("steps").GetInt32());
        Assert.Equal(12, manifest.RootElement.GetProperty("reference").GetProperty("count").GetInt32());
        var page = File.ReadAllText(_folder["eval", "report.html"]);
        Assert.Contains("Nearest neighbours", page);
        Assert.DoesNotContain("http", page);

        Assert.Contains("the same to the last digit: 9 numbers", Cm.Succeed("evaluate", "--repeat", _folder["eval", "evaluation.json"]).Error);

        // What was computed is found again, and gives the same file.
        var before = File.ReadAllText(_folder["eval", "evaluation.json"]);
        Cm.Succeed(command);
        Assert.Equal(before, File.ReadAllText(_folder["eval", "evaluation.json"]));
    }

    [Fact]
    public void A_repetition_that_differs_says_so()
    {
        var pictures = TinyModel.Pictures(_folder);
        Cm.Succeed("evaluate", pictures, "--reference", pictures, "--out", _folder["eval"], "-q");
        var file = _folder["eval", "evaluation.json"];
        var text = File.ReadAllText(file);
        File.WriteAllText(file, text.Replace("\"value\": ", "\"value\": 1", StringComparison.Ordinal));
        Assert.Contains("1 of 1 numbers differ", Cm.Run("evaluate", "--repeat", file).Error);
        File.WriteAllText(file, text.Replace("\"hash\": \"", "\"hash\": \"0", StringComparison.Ordinal));
        Assert.Contains("the reference is not what it was", Cm.Run("evaluate", "--repeat", file).Error);
    }

    [Fact]
    public void Classes_are_drawn_as_often_as_the_reference_has_them()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder));
        foreach (var i in Enumerable.Range(2, 4))
        {
            File.Delete(Path.Combine(pictures, "wall", $"{i}.png"));
        }

        // Six floors and two walls; the map numbers them the other way round than the model.
        string[] command = ["evaluate", model, "--reference", pictures, "--reference-classes", "wall,floor", "-n", "8", "--metrics", "kd", "--json"];
        var matched = Cm.Succeed([.. command, "--match-classes"]).Out;
        Assert.Equal(Value(Cm.Succeed([.. command, "--classes", "floor,wall,floor,floor,wall,floor,floor,floor"]).Out), Value(matched));
        using var document = JsonDocument.Parse(matched);
        Assert.Equal(document.RootElement.GetProperty("reference").GetProperty("hash").GetString(), document.RootElement.GetProperty("samples").GetProperty("classes_of").GetString());
        File.WriteAllText(_folder["matched.json"], matched);
        Assert.Contains("the same to the last digit", Cm.Succeed("evaluate", "--repeat", _folder["matched.json"]).Error);

        Assert.Contains("give one of them", Cm.Refuse([.. command, "--match-classes", "--classes", "floor"]));
        Assert.Contains("the samples are there already", Cm.Refuse("evaluate", pictures, "--reference", pictures, "--match-classes"));
        Assert.Contains("has the class 'rock', and the model has not", Cm.Refuse("evaluate", model, "--reference", pictures, "--reference-classes", "rock=wall,floor", "--match-classes"));
        Assert.Contains("no names of classes", Cm.Refuse("evaluate", TinyModel.Make(_folder, classes: false), "--reference", pictures, "--match-classes"));
    }

    [Fact]
    public void Samples_and_statistics_go_through_files()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder));
        Cm.Succeed("sample-npz", model, "--out", _folder["samples.npz"], "-n", "9", "--classes", "all", "-q");
        Cm.Succeed("stats", pictures, "--out", _folder["statistics.npz"], "-q");
        var fromFile = Cm.Succeed("evaluate", _folder["samples.npz"], "--reference", _folder["statistics.npz"], "--json");
        var direct = Cm.Succeed("evaluate", model, "--reference", pictures, "--classes", "all", "-n", "9", "--json");
        Assert.Equal(Value(direct.Out), Value(fromFile.Out));
    }

    [Fact]
    public void A_run_measures_its_model_on_the_way_and_is_trained_as_without()
    {
        var pictures = TinyModel.Pictures(_folder);
        string[] command = ["train", pictures, "--network", TinyModel.Config(_folder), "--images", "64", "--batch", "8", "--objective", "ect", "--quiet", "--run"];
        Cm.Succeed([.. command, _folder["plain"]]);
        Cm.Succeed([.. command, _folder["run"], "--evaluate-every", "32", "--evaluate-count", "9"]);
        var lines = File.ReadAllLines(_folder["run", "metrics.jsonl"]);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("{\"images\":32,\"FD-resnet18\":", lines[0]);
        Assert.Contains("\"KID-resnet18\":", lines[1]);
        Assert.Equal(File.ReadAllBytes(TinyModel.Weights(_folder["plain", "model"])), File.ReadAllBytes(TinyModel.Weights(_folder["run", "model"])));
        Assert.Contains("give --evaluate-every too", Cm.Refuse([.. command, _folder["other"], "--evaluate-count", "9"]));
    }

    [Fact]
    public void Timesteps_are_searched_by_an_extractors_features()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder, each: 30));
        var result = Cm.Succeed("search-steps", "-m", model, "--reference", pictures, "--samples", "4", "--metric", "kd", "--classes", "all");
        Assert.StartsWith("--timesteps ", result.Out);
        Assert.Contains("ranks no timesteps", Cm.Run("search-steps", "-m", model, "--reference", pictures, "--samples", "4", "--metric", "nn").Error);
        Assert.Contains("energy has none", Cm.Run("search-steps", "-m", model, "--reference", pictures, "--samples", "4", "--extractor", "resnet18").Error);
    }

    [Fact]
    public void What_cannot_be_measured_is_refused_with_the_reason()
    {
        var pictures = TinyModel.Pictures(_folder);
        Cm.Succeed("stats", pictures, "--out", _folder["statistics.npz"], "-q");
        string Refused(params string[] words) => Cm.Run(["evaluate", pictures, .. words]) is var result && result.Code == 2 ? result.Error : throw new InvalidOperationException($"{result.Code}: {result.Error}");
        Assert.Contains("--reference is missing", Refused());
        Assert.Contains("compares pictures one by one", Refused("--reference", _folder["statistics.npz"], "--metrics", "kd"));
        Assert.Contains("defined with the extractor inception", Refused("--reference", pictures, "--metrics", "fid"));
        Assert.Contains("does not have", Refused("--reference", pictures, "--metrics", "is"));
        Assert.Contains("expected at least 2", Refused("--reference", pictures, "--reference-count", "1"));
        Assert.Contains("at least 99", Refused("--reference", pictures, "--reference-count", "99"));
        Assert.Contains("do not go with it", Refused("--reference", pictures, "--steps", "2"));
        Assert.Contains("--report needs --out", Refused("--reference", pictures, "--report"));
        Assert.Contains("not found", Refused("--reference", _folder["nowhere"]));
        Assert.Contains("no extractor", Refused("--reference", pictures, "--extractor", "nothing"));
    }

    private static double Value(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("results")[0].GetProperty("value").GetDouble();
    }
}
