using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

/// <summary>A run as its log has it: a falling loss with noise, a learning rate that rises and falls.</summary>
internal static class SampleRows
{
    public static IEnumerable<LogRow> Of(long count, int batch = 64, int every = 50, double level = 1)
    {
        var random = new Random(1);
        for (var i = 1L; i <= count; i++)
        {
            var images = i * batch * every;
            var done = (double)i / count;
            var noise = Math.Exp(0.25 * (random.NextDouble() + random.NextDouble() - 1));
            yield return new(
                i * every,
                images,
                level * noise * (0.02 + (0.6 / (1 + (40 * done)))),
                noise * noise * (0.05 + Math.Exp(-8 * done)),
                1e-3 * Math.Min(1, done * 12) * Math.Min(1, (1 - done) * 4),
                120 + (10 * random.NextDouble()),
                i % 500 == 0 ? 1 : 0);
        }
    }
}
