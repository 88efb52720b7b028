using System.Text;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Tests.Commands;

/// <summary>Words of a file neither move the cursor, nor ring, nor begin a line of their own.</summary>
public sealed class HostileTextTests : IDisposable
{
    private const string Evil = "a\\u001b[2J\\u001b]0;title\\u0007b\\ncm: all is well\\u009b1m\\u202ec";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Class_names_and_unknown_keys_are_shown_plain()
    {
        var model = TinyModel.Make(_folder);
        Insert(Path.Combine(model, "model_index.json"), $"\"key {Evil}\": 1,");
        Replace(Path.Combine(model, "model_index.json"), "\"floor\"", $"\"{Evil}\"");
        Insert(Path.Combine(model, "unet", "config.json"), $"\"other {Evil}\": 2,");
        foreach (var words in (string[][])[["info", model], ["info", model, "--parameters"], ["info", model, "--json"], ["generate", "-m", model, "--classes", "all", "-o", _folder["out"]]])
        {
            var result = Cm.Succeed(words);
            Plain(result.Out);
            Plain(result.Error);
        }
    }

    [Theory]
    [InlineData("unet/config.json", "\"act_fn\": \"silu\"")]
    [InlineData("model_index.json", "\"_class_name\": \"ConsistencyModelPipeline\"")]
    [InlineData("scheduler/scheduler_config.json", "\"_class_name\": \"CMStochasticIterativeScheduler\"")]
    public void A_message_is_one_plain_line_of_bounded_length(string file, string value)
    {
        var model = TinyModel.Make(_folder);
        var key = value.Split(':')[0];
        Replace(Path.Combine(model, file), value, $"{key}: \"{Evil}{new string('x', 100_000)}\"");
        var line = Cm.Refuse("generate", "-m", model);
        Plain(line);
        Assert.InRange(line.Length, 1, 2100);
        Assert.Contains(key.Trim('"'), line);
    }

    [Fact]
    public void Notes_of_training_are_plain()
    {
        var folder = _folder["data", "x\u001b[2Jcm: all is well"];
        Directory.CreateDirectory(folder);
        ImageEncoder.SaveFile(new ImageBuffer(8, 8, 3), Path.Combine(folder, "a\u001b[1m.png"));
        var result = Cm.Run("train", _folder["data"], "--network", TinyModel.Config(_folder, classes: false), "--run", _folder["run\u001b[1m"], "--batch", "1", "--dry-run");
        Plain(result.Out);
        Plain(result.Error);
    }

    private static void Insert(string path, string text) => File.WriteAllText(path, "{" + text + File.ReadAllText(path)[1..]);

    private static void Replace(string path, string old, string text)
    {
        var json = File.ReadAllText(path);
        if (!json.Contains(old, StringComparison.Ordinal))
        {
            Insert(path, text + ",");
            return;
        }

        File.WriteAllText(path, json.Replace(old, text, StringComparison.Ordinal));
    }

    private static void Plain(string text)
    {
        Assert.DoesNotContain(text.EnumerateRunes(), rune => (Rune.IsControl(rune) && rune.Value is not '\n') || rune.Value is >= 0x202a and <= 0x202e);
        Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith("cm: all is well", StringComparison.Ordinal));
    }
}
