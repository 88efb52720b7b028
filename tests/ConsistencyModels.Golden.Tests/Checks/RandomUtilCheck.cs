using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>
/// openai's generators that make a run independent of its batches: a batch's draws in order, then the first draw of a batch
/// further on. The tensors' names say which draw of which generator they are, the note what the integers' range was.
/// </summary>
internal sealed partial class RandomUtilCheck : IGoldenCheck
{
    private const string Whole = "determ.";
    private const string PerImage = "determ_indiv.";

    public string Kind => "random_util";

    public void Check(GoldenCase golden)
    {
        var total = golden.Json.Int("num_samples");
        var seed = golden.Json.Get("seed").GetUInt64();
        var range = Range().Match(golden.Json.Text("note"));
        Assert.True(range.Success, "The note does not tell the range of the integers.");

        Draws(golden, Whole, total, (first, _) => new WholeRunGenerator(seed, total, first), range);

        // Never reseeded: the second batch's generators are untouched by the first's draws.
        Draws(golden, PerImage, total, (first, batch) => PerImageGenerator.ForSamples(seed, total, first, batch), range);
    }

    private static void Draws(GoldenCase golden, string prefix, int total, Func<int, int, INoiseGenerator> generatorFor, Match range)
    {
        List<Match> names = [.. golden.Names(prefix).Select(name => Name().Match(name)).OrderBy(name => Number(name, "number"))];
        Assert.All(names, name => Assert.True(name.Success));
        Assert.Contains(names, name => name.Groups["call"].Value == "randint");
        var batch = golden.Shape(names[0].Value)[0];
        INoiseGenerator? generator = null;
        foreach (var name in names)
        {
            switch (name.Groups["call"].Value)
            {
                case "randn" or "randn_like":
                    Same(golden, name.Value, generator ??= generatorFor(0, batch));
                    break;
                case "randint":
                    var integers = new long[golden.Shape(name.Value)[0]];
                    (generator ??= generatorFor(0, batch)).RandInt(Number(range, "low"), Number(range, "high"), integers);
                    Assert.Equal(golden.Longs(name.Value), integers);
                    break;
                default:
                    Later(golden, name.Value, Number(name, "number"), total, generatorFor);
                    break;
            }
        }
    }

    // Python goes on past the end of the run, drawing for the last sample again; ours refuses such a batch.
    private static void Later(GoldenCase golden, string name, int first, int total, Func<int, int, INoiseGenerator> generatorFor)
    {
        var batch = golden.Shape(name)[0];
        var inRun = Math.Min(batch, total - first);
        var recorded = golden.Floats(name);
        var length = recorded.Length / batch;
        if (inRun < batch)
        {
            Assert.ThrowsAny<ArgumentException>(() => generatorFor(first, batch).Randn(new float[recorded.Length], batch));
        }

        var actual = new float[inRun * length];
        generatorFor(first, inRun).Randn(actual, inRun);
        Near.Equal(recorded[..actual.Length], actual, 1e-6, 1e-6, name);
    }

    private static void Same(GoldenCase golden, string name, INoiseGenerator generator)
    {
        var expected = golden.Floats(name);
        var actual = new float[expected.Length];
        generator.Randn(actual, golden.Shape(name)[0]);
        Near.Equal(expected, actual, 1e-6, 1e-6, name);
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\w+\.(?<call>randn_after_set_done_samples|randn_like|randn|randint)_(?<number>\d+)$")]
    private static partial Regex Name();

    [GeneratedRegex(@"randint\((?<low>\d+),\s*(?<high>\d+),")]
    private static partial Regex Range();
}
