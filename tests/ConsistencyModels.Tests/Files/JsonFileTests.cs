using System.Text;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Files;

/// <summary>What a JSON file costs before it is refused.</summary>
public sealed class JsonFileTests : IDisposable
{
    private const long Beyond = 64L << 20;

    private readonly TempFolder _folder = new();

    private string Path => _folder.File("config.json");

    public static TheoryData<string> Readers => [.. Reads.Keys];

    private static Dictionary<string, Action<string>> Reads { get; } = new()
    {
        ["network"] = path => UNet2DConfig.Load(path),
        ["scheduler"] = path => CMStochasticIterativeSchedulerConfig.Load(path),
        ["index"] = path => ModelIndex.Load(path),
        ["shards"] = path => ShardedTensors.Open(path).Dispose(),
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_file_of_gigabytes_is_not_read(string reader)
    {
        using (var file = File.Create(Path))
        {
            file.SetLength(900L << 20);
        }

        Costs(reader, 1 << 20, "MB|bytes");
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Many_small_values_are_refused_before_they_are_kept(string reader)
    {
        File.WriteAllText(Path, "{\"a\": [" + string.Concat(Enumerable.Repeat("0,", 8_000_000)) + "0]}");
        Costs(reader, (2 * new FileInfo(Path).Length) + Beyond, "values");
    }

    [Theory]
    [InlineData('[', "network")]
    [InlineData('[', "index")]
    [InlineData('{', "scheduler")]
    public void Nests_are_bounded(char opening, string reader)
    {
        File.WriteAllText(Path, string.Concat(Enumerable.Repeat(opening == '[' ? "[" : "{\"a\":", 2_000_000)));
        Costs(reader, (2 * new FileInfo(Path).Length) + Beyond, "not valid JSON");
    }

    [Fact]
    public void A_device_without_end_is_refused()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "There is no /dev/zero.");
        var error = Assert.Throws<ConsistencyModelsException>(() => UNet2DConfig.Load("/dev/zero"));
        Assert.Equal("/dev/zero: has more than 16 MB, expected a JSON configuration.", error.Message);
    }

    [Fact]
    public void Byte_order_marks_are_understood_and_wrong_bytes_are_not_guessed()
    {
        foreach (var encoding in new Encoding[] { new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            File.WriteAllText(Path, "{\"key\": \"ü\"}", encoding);
            Assert.Equal("ü", ConfigReader.Load(Path).String("key"));
        }

        File.WriteAllBytes(Path, [.. "{\"key\": \""u8, 0xfc, .. "\"}"u8]);
        Assert.Contains("not valid Unicode", Assert.Throws<ConsistencyModelsException>(() => ConfigReader.Load(Path)).Message);
    }

    [Fact]
    public void An_empty_key_survives_as_other_unknown_keys_do()
    {
        var network = UNet2DConfig.FromJson(File.ReadAllText(RepositoryFiles.Golden("unet", "test_config", "config.json")).Replace("{", "{\"\": 1,", StringComparison.Ordinal));
        Assert.Equal(1, UNet2DConfig.FromJson(network.ToJson()).Extras[""].GetInt32());
        var scheduler = CMStochasticIterativeSchedulerConfig.FromJson("{\"\": [2]}");
        Assert.Equal(2, CMStochasticIterativeSchedulerConfig.FromJson(scheduler.ToJson()).Extras[""][0].GetInt32());
        File.WriteAllText(Path, File.ReadAllText(RepositoryFiles.Golden("openai", "tiny", "diffusers", "model_index.json")).Replace("{", "{\"\": 3,", StringComparison.Ordinal));
        File.WriteAllText(Path, ModelIndex.Load(Path).ToJson());
        Assert.Equal(3, ModelIndex.Load(Path).Extras[""].GetInt32());
    }

    private void Costs(string reader, long most, string why)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.ThrowsAny<ConsistencyModelsException>(() => Reads[reader](Path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, most);
        Assert.StartsWith(Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(why.Split('|'), part => error.Message.Contains(part, StringComparison.Ordinal));
    }
}
