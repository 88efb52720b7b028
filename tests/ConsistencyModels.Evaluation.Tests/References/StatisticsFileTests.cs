using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.References;
using ConsistencyModels.Evaluation.Tests.Metrics;

namespace ConsistencyModels.Evaluation.Tests.References;

public sealed class StatisticsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Statistics_come_back_as_they_were_saved_to_the_last_bit()
    {
        var path = _folder.File("s.npz");
        var saved = new StatisticsFile(FeatureStatistics.Of(RandomFeatures.Of(50, 6, 1)), FeatureStatistics.Of(RandomFeatures.Of(50, 3, 2)), new string('a', 64));
        saved.Save(path);
        var loaded = StatisticsFile.Load(path);
        Assert.True(StatisticsFile.IsStatistics(path));
        Assert.Equal(saved.Features.Mean, loaded.Features.Mean);
        Assert.Equal(saved.Features.Covariance, loaded.Features.Covariance);
        Assert.Equal(saved.Spatial!.Covariance, loaded.Spatial!.Covariance);
        Assert.Equal((50L, saved.Extractor), (loaded.Features.Count, loaded.Extractor));

        var first = File.ReadAllBytes(path);
        saved.Save(path);
        Assert.Equal(first, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_file_of_others_has_no_count_and_single_precision_is_read()
    {
        var path = _folder.File("adm.npz");
        NpzFile.Write(path, file =>
        {
            file.Add("mu", "<f4", [2], stream => stream.Write([0, 0, 128, 63, 0, 0, 0, 64]));
            file.Add("sigma", [2, 2], new double[] { 1, 0, 0, 1 });
        });
        var loaded = StatisticsFile.Load(path);
        Assert.Equal([1, 2], loaded.Features.Mean);
        Assert.Null(loaded.Features.Count);
        Assert.Null(loaded.Spatial);
        Assert.Null(loaded.Extractor);
    }

    [Theory]
    [InlineData("shape", "sigma.npy: is 3 x 3, expected 2 x 2")]
    [InlineData("type", "numbers of type '<c16'")]
    [InlineData("missing", "has no array sigma")]
    [InlineData("nan", "not finite")]
    [InlineData("asymmetric", "not symmetric")]
    [InlineData("short", "cut short")]
    [InlineData("empty", "mu.npy: is 0, expected")]
    [InlineData("large", "mu.npy: is 99999, expected")]
    public void What_is_wrong_with_a_file_is_said(string what, string expected)
    {
        var path = _folder.File("wrong.npz");
        NpzFile.Write(path, file =>
        {
            file.Add("mu", [what switch { "empty" => 0, "large" => 99999, _ => 2 }], what switch { "empty" => [], "large" => new double[99999], "nan" => [1, double.NaN], _ => new double[] { 1, 2 } });
            switch (what)
            {
                case "missing":
                    break;
                case "shape":
                    file.Add("sigma", [3, 3], new double[9]);
                    break;
                case "type":
                    file.Add("sigma", "<c16", [2, 2], stream => stream.Write(new byte[64]));
                    break;
                case "short":
                    file.Add("sigma", "<f8", [2, 2], stream => stream.Write(new byte[24]));
                    break;
                default:
                    file.Add("sigma", [2, 2], what == "asymmetric" ? new double[] { 1, 0.5, 0, 1 } : new double[] { 1, 0, 0, 1 });
                    break;
            }
        });
        var error = Assert.Throws<ConsistencyModelsException>(() => StatisticsFile.Load(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused_whatever_is_in_them()
    {
        var path = _folder.File("s.npz");
        new StatisticsFile(FeatureStatistics.Of(RandomFeatures.Of(20, 4, 1))).Save(path);
        var bytes = File.ReadAllBytes(path);
        var random = new System.Random(1);
        for (var i = 0; i < 300; i++)
        {
            var changed = (byte[])bytes.Clone();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(path, i % 5 == 0 ? changed[..random.Next(changed.Length)] : changed);
            try
            {
                _ = StatisticsFile.IsStatistics(path);
                _ = StatisticsFile.Load(path);
            }
            catch (ConsistencyModelsException)
            {
                // What a reader of files from outside may say.
            }
        }
    }
}
