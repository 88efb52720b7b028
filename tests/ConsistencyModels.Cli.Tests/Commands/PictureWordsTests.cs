using System.Text.Json;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>Words that choose pictures of a data set: the same in training and in everything that compares with its data.</summary>
public sealed class PictureWordsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_map_of_classes_may_be_a_file()
    {
        var (model, pictures) = (TinyModel.Make(_folder), TinyModel.Pictures(_folder, each: 30));
        var map = _folder["classes.txt"];
        File.WriteAllText(map, "# what lies below and around\nfloor=floor:-floor/1?.png,\n\nwall=wall\n");
        Assert.Contains("floor 20, wall 30", Cm.Succeed("train", pictures, "--run", _folder["r"], "--network", TinyModel.Config(_folder), "--classes", map, "--images", "64", "--dry-run").Out);

        var manifest = Cm.Succeed("evaluate", model, "--reference", pictures, "--reference-classes", map, "-n", "4", "--json").Out;
        using var json = JsonDocument.Parse(manifest);
        Assert.Equal("floor=floor:-floor/1?.png,wall=wall", json.RootElement.GetProperty("reference").GetProperty("class_map").GetString());
        Assert.Equal(50, json.RootElement.GetProperty("reference").GetProperty("count").GetInt32());
        Assert.Contains("of 50 pictures", Cm.Succeed("search-steps", "-m", model, "--reference", pictures, "--reference-classes", map, "--samples", "2").Error);
    }

    [Fact]
    public void A_file_that_is_no_map_is_refused_by_its_name()
    {
        var pictures = TinyModel.Pictures(_folder);
        string Refused(string map) => Cm.Refuse("train", pictures, "--run", _folder["r"], "--network", TinyModel.Config(_folder), "--classes", map);
        File.WriteAllText(_folder["empty.txt"], "# nothing\n\n");
        Assert.Contains("empty.txt: holds no class", Refused(_folder["empty.txt"]));
        Assert.Contains("0.png: holds no class", Refused(Zeros(_folder["0.png"])));
        using (var huge = File.Create(_folder["huge.txt"]))
        {
            huge.SetLength(2 << 20);
        }

        Assert.Contains("huge.txt: is longer than", Refused(_folder["huge.txt"]));
    }

    [Fact]
    public void Transparent_parts_get_the_background_that_is_said()
    {
        var pictures = _folder["clear"];
        Directory.CreateDirectory(pictures);
        for (var i = 0; i < 4; i++)
        {
            ImageEncoder.SaveFile(new ImageBuffer(TinyModel.Size, TinyModel.Size, 4), Path.Combine(pictures, $"{i}.png"));
        }

        // The features of white pictures are those of clear ones on white, and not of clear ones on black.
        var white = _folder["white"];
        Directory.CreateDirectory(white);
        for (var i = 0; i < 4; i++)
        {
            var picture = new ImageBuffer(TinyModel.Size, TinyModel.Size, 3);
            picture.Pixels.AsSpan().Fill(255);
            ImageEncoder.SaveFile(picture, Path.Combine(white, $"{i}.png"));
        }

        Cm.Succeed("stats", white, "--out", _folder["statistics.npz"], "-q");
        double Distance(params string[] words)
        {
            using var json = JsonDocument.Parse(Cm.Succeed(["evaluate", pictures, "--reference", _folder["statistics.npz"], "--out", _folder["eval"], "--json", .. words]).Out);
            return json.RootElement.GetProperty("results")[0].GetProperty("value").GetDouble();
        }

        Assert.True(Distance() > 1);
        Assert.Equal(0, Distance("--background", "white"), 1e-3);
        Assert.Contains("the same to the last digit", Cm.Succeed("evaluate", "--repeat", _folder["eval", "evaluation.json"]).Error);
        Cm.Succeed("stats", pictures, "--background", "#ffffff", "--out", _folder["again.npz"], "-q");
        Assert.Equal(File.ReadAllBytes(_folder["statistics.npz"]), File.ReadAllBytes(_folder["again.npz"]));

        var error = Cm.Refuse("evaluate", pictures, "--reference", white, "--background", "clear");
        Assert.Contains("--background is 'clear', expected black, white or a colour such as #ff8000", error);
    }

    [Fact]
    public void Training_sees_the_background_that_is_said()
    {
        var pictures = _folder["clear"];
        Directory.CreateDirectory(pictures);
        for (var i = 0; i < 2; i++)
        {
            ImageEncoder.SaveFile(new ImageBuffer(TinyModel.Size, TinyModel.Size, 4), Path.Combine(pictures, $"{i}.png"));
        }

        string Data(string color)
        {
            Cm.Succeed("train", pictures, "--run", _folder[color], "--network", TinyModel.Config(_folder, classes: false), "--background", color, "--images", "4", "--batch", "4", "-q");
            return File.ReadAllText(_folder[color, "loss.csv"]);
        }

        Assert.NotEqual(Data("black"), Data("white"));
        Assert.Contains("other", Cm.Refuse("train", pictures, "--run", _folder["black"], "--network", TinyModel.Config(_folder, classes: false), "--background", "white", "--images", "8", "--batch", "4"));
    }

    private static string Zeros(string path)
    {
        File.WriteAllBytes(path, new byte[100]);
        return path;
    }
}
