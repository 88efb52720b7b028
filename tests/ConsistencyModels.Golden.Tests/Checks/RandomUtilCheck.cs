using ConsistencyModels.Noise;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's generators that make a run independent of its batches: three batches' draws in order, then the next batch's.</summary>
internal sealed class RandomUtilCheck : IGoldenCheck
{
    public string Kind => "random_util";

    public void Check(GoldenCase golden)
    {
        var total = golden.Json.GetProperty("num_samples").GetInt32();
        var seed = golden.Json.GetProperty("seed").GetUInt64();
        var batch = golden.Shape("determ.randn_1")[0];

        Draws(golden, "determ", new WholeRunGenerator(seed, total), batch);
        Same(golden, "determ.randn_after_set_done_samples_3", new WholeRunGenerator(seed, total, first: batch), batch);

        Draws(golden, "determ_indiv", PerImageGenerator.ForSamples(seed, total, 0, batch), batch);

        // The generators are never reseeded: the second batch's are untouched by the first's draws.
        Same(golden, "determ_indiv.randn_after_set_done_samples_3", PerImageGenerator.ForSamples(seed, total, batch, batch), batch);
    }

    private static void Draws(GoldenCase golden, string name, INoiseGenerator generator, int batch)
    {
        Same(golden, $"{name}.randn_1", generator, batch);
        Same(golden, $"{name}.randn_like_2", generator, batch);
        var integers = new long[batch];
        generator.RandInt(0, 1000, integers);
        Assert.Equal(golden.Longs($"{name}.randint_3"), integers);
    }

    private static void Same(GoldenCase golden, string name, INoiseGenerator generator, int batch)
    {
        var expected = golden.Floats(name);
        var actual = new float[expected.Length];
        generator.Randn(actual, batch);
        Near.Equal(expected, actual, 1e-6, 1e-6, name);
    }
}
