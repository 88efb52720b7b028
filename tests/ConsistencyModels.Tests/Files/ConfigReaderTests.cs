using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Files;

public class ConfigReaderTests
{
    private const string Json = """{"i": 3, "d": 2.5, "b": true, "s": "t", "n": null, "is": [1, 2], "ss": ["a", "b"], "i": 4}""";

    [Fact]
    public void Reads_each_type()
    {
        var reader = ConfigReader.FromJson(Json, "f");
        Assert.Equal(4, reader.Int("i")); // of repeated keys the last counts
        Assert.Equal(4.0, reader.Double("i"));
        Assert.Equal(2.5, reader.Double("d"));
        Assert.True(reader.Bool("b"));
        Assert.Equal("t", reader.String("s"));
        Assert.Equal([1, 2], reader.IntList("is"));
        Assert.Equal([4], reader.IntList("i"));
        Assert.Equal(["a", "b"], reader.StringList("ss"));
        Assert.Equal(["t"], reader.StringList("s"));
        Assert.Equal((4, 2.5, "t"), (reader.IntOrNull("i"), reader.DoubleOrNull("d"), reader.StringOrNull("s")));
    }

    [Fact]
    public void Absent_keys_give_the_fallback_and_null_gives_null()
    {
        var reader = ConfigReader.FromJson(Json, "f");
        Assert.Equal((7, 7.5, "q"), (reader.Int("x", 7), reader.Double("x", 7.5), reader.String("x", "q")));
        Assert.False(reader.Bool("x", false));
        Assert.Equal([5], reader.IntList("x", [5]));
        Assert.Null(reader.IntOrNull("n"));
        Assert.Null(reader.IntOrNull("x"));
        Assert.Null(reader.StringOrNull("n"));
        Assert.Null(reader.DoubleOrNull("x"));
        Assert.Null(reader.Element("x"));
        Assert.False(reader.Has("n"));
        Assert.True(reader.Has("i"));
    }

    [Fact]
    public void Extras_are_the_keys_nobody_read()
    {
        var reader = ConfigReader.FromJson(Json, "f");
        reader.Int("i");
        reader.IntOrNull("n");
        reader.StringList("ss");
        reader.Bool("absent", true);
        Assert.Equal(["b", "d", "is", "s"], reader.Extras.Keys.Order());
        Assert.Equal(2.5, reader.Extras["d"].GetDouble());
    }

    [Fact]
    public void A_wrong_value_is_shown_with_file_and_key()
    {
        var reader = ConfigReader.FromJson("""{"i": 3000000000, "d": 1e999, "l": [1, "2"], "n": null, "long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}""", "dir/f.json");
        Assert.Equal("dir/f.json: i: found 3000000000, expected an integer.", Message(() => reader.Int("i")));
        Assert.Equal("dir/f.json: d: found 1e999, expected a number.", Message(() => reader.Double("d")));
        Assert.Equal("""dir/f.json: l: found [1, "2"], expected a list of integers.""", Message(() => reader.IntList("l")));
        Assert.Equal("dir/f.json: n: found null, expected a string.", Message(() => reader.String("n", "fallback")));
        Assert.Equal("dir/f.json: absent: missing, expected an integer.", Message(() => reader.Int("absent")));
        Assert.Equal("dir/f.json: absent: missing, expected a list of strings.", Message(() => reader.StringList("absent")));
        Assert.EndsWith("…, expected true or false.", Message(() => reader.Bool("long")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_JSON_object_is_refused_by_name()
    {
        using var folder = new TempFolder();
        Assert.Equal($"{folder.File("a")}: no such file, expected a JSON configuration.", Message(() => ConfigReader.Load(folder.File("a"))));
        File.WriteAllText(folder.File("b"), "{\n \"a\": ]");
        Assert.StartsWith($"{folder.File("b")}: not valid JSON at line 2, byte ", Message(() => ConfigReader.Load(folder.File("b"))), StringComparison.Ordinal);
        File.WriteAllText(folder.File("c"), "[1]");
        Assert.Equal($"{folder.File("c")}: found [1], expected a JSON object.", Message(() => ConfigReader.Load(folder.File("c"))));
        Assert.StartsWith($"{folder.Path}: cannot be read: ", Message(() => ConfigReader.Load(folder.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_writer_writes_what_the_reader_reads()
    {
        using var kept = JsonDocument.Parse("""{"i": 9, "kept": {"x": 1.50}}""");
        var json = new ConfigWriter()
            .Set("i", 1).Set("none", (int?)null).Set("d", 80.0).Set("tiny", 1e-5).Set("b", false).Set("s", "ü\"")
            .Set("is", [1, 2]).Set("ss", ["a"])
            .AddMissing(kept.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value)))
            .ToJson();
        var reader = ConfigReader.FromJson(json, "f");
        Assert.Equal((1, 80.0, 1e-5), (reader.Int("i"), reader.Double("d"), reader.Double("tiny")));
        Assert.Equal("ü\"", reader.String("s"));
        Assert.Equal([1, 2], reader.IntList("is"));
        Assert.False(reader.Has("none"));
        Assert.Contains("\"d\": 80.0,", json, StringComparison.Ordinal);
        Assert.Contains("\"x\": 1.50", json, StringComparison.Ordinal);
        Assert.Equal(reader.Keys.Order(StringComparer.Ordinal), reader.Keys);
        Assert.EndsWith("}\n", json, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ConfigWriter().Set("x", double.NaN));
    }

    [Fact]
    public void Saving_where_there_is_no_folder_is_an_error_with_the_path()
    {
        using var folder = new TempFolder();
        var path = folder.File("missing/config.json");
        Assert.StartsWith($"{path}: its folder does not exist", Message(() => new ConfigWriter().Set("a", 1).Save(path)), StringComparison.Ordinal);
    }

    private static string Message(Action action) => Assert.Throws<ConsistencyModelsException>(action).Message;

    [Theory]
    [InlineData("""{"\ud800": 1}""")]
    [InlineData("""{"a": "\udfff"}""")]
    [InlineData("""{"a": [{"b": "\ud800x"}]}""")]
    public void Half_a_surrogate_pair_is_refused_at_once(string json) =>
        Assert.Contains("x.json: a string in it is not valid Unicode", Assert.Throws<ConsistencyModelsException>(() => ConfigReader.FromJson(json, "x.json")).Message, StringComparison.Ordinal);
}
