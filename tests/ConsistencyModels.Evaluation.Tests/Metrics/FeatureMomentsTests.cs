using ConsistencyModels.Evaluation.Metrics;

namespace ConsistencyModels.Evaluation.Tests.Metrics;

public class FeatureMomentsTests
{
    [Theory]
    [InlineData(2, 3)]
    [InlineData(700, 5)]
    [InlineData(1024, 67)]
    public void They_are_those_of_two_plain_passes(int count, int length)
    {
        var features = RandomFeatures.Of(count, length, 4, shift: 1000);
        var statistics = FeatureStatistics.Of(features);
        var mean = Enumerable.Range(0, length).Select(i => Enumerable.Range(0, count).Average(row => (double)features.Row(row)[i])).ToArray();
        Assert.Equal(count, statistics.Count);
        for (var i = 0; i < length; i++)
        {
            Assert.Equal(mean[i], statistics.Mean[i], 1e-9);
            for (var j = 0; j < length; j++)
            {
                var expected = Enumerable.Range(0, count).Sum(row => (features.Row(row)[i] - mean[i]) * (features.Row(row)[j] - mean[j])) / (count - 1);
                Assert.Equal(expected, statistics.Covariance[(i * length) + j], 1e-9);
            }
        }
    }

    [Fact]
    public void The_pieces_that_features_come_in_change_no_bit()
    {
        var features = RandomFeatures.Of(1300, 37, 6);
        FeatureMoments whole = new(37), pieces = new(37);
        whole.Add(features.Values);
        for (int start = 0, step = 1; start < features.Count; start += step, step = (step * 3) + 1)
        {
            var rows = Math.Min(step, features.Count - start);
            pieces.Add(features.Values.Slice(start * 37, rows * 37));
            Assert.Equal(start + rows, pieces.Count);
        }

        var (expected, found) = (whole.ToStatistics(), pieces.ToStatistics());
        Assert.Equal(expected.Mean, found.Mean);
        Assert.Equal(expected.Covariance, found.Covariance);
    }

    [Fact]
    public void Statistics_on_the_way_change_nothing_of_those_at_the_end()
    {
        var features = RandomFeatures.Of(800, 9, 7);
        FeatureMoments moments = new(9);
        moments.Add(features.Values[..(600 * 9)]);
        Assert.Equal(600, moments.ToStatistics().Count);
        moments.Add(features.Values[(600 * 9)..]);
        Assert.Equal(FeatureStatistics.Of(features).Covariance, moments.ToStatistics().Covariance);
    }

    [Fact]
    public void One_image_has_no_covariance()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => FeatureStatistics.Of(new FeatureMatrix([1, 2], 2)));
        Assert.Contains("at least 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_that_are_no_numbers_are_refused_with_their_image()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => new FeatureMatrix([1, 2, 3, float.NaN, 5, 6], 2));
        Assert.Contains("image 1", error.Message, StringComparison.Ordinal);
    }
}
