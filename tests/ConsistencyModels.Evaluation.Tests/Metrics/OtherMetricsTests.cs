using ConsistencyModels.Evaluation.Metrics;

namespace ConsistencyModels.Evaluation.Tests.Metrics;

public class OtherMetricsTests
{
    [Fact]
    public void The_kernel_distance_is_the_formula_on_whole_sets()
    {
        var (a, b) = (RandomFeatures.Of(20, 6, 1), RandomFeatures.Of(20, 6, 2, shift: 0.5f));
        double Kernel(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
        {
            var dot = 0.0;
            for (var i = 0; i < x.Length; i++)
            {
                dot += (double)x[i] * y[i];
            }

            return Math.Pow((dot / 6) + 1, 3);
        }

        double within = 0, between = 0;
        for (var i = 0; i < 20; i++)
        {
            for (var j = 0; j < 20; j++)
            {
                within += i == j ? 0 : Kernel(a.Row(i), a.Row(j)) + Kernel(b.Row(i), b.Row(j));
                between += Kernel(a.Row(i), b.Row(j));
            }
        }

        // A subset of all images is all images, and there is no other to differ from it.
        var found = KernelDistance.Between(a, b, subsets: 3);
        Assert.Equal((within / (20 * 19)) - (2 * between / 400), found.Value, 1e-4);
        Assert.Null(found.Spread);
    }

    [Fact]
    public void The_kernel_distance_of_two_halves_of_one_set_is_near_nothing_and_has_a_seed()
    {
        var (a, b) = (RandomFeatures.Of(400, 8, 3), RandomFeatures.Of(400, 8, 4));
        var far = KernelDistance.Between(a, RandomFeatures.Of(400, 8, 4, shift: 1), 20, 200);
        var near = KernelDistance.Between(a, b, 20, 200, seed: 5);
        Assert.True(Math.Abs(near.Value) < 0.1 * far.Value, $"{near} {far}");
        Assert.Equal(near, KernelDistance.Between(a, b, 20, 200, seed: 5));
        Assert.NotEqual(near, KernelDistance.Between(a, b, 20, 200, seed: 6));
    }

    [Fact]
    public void Density_and_coverage_of_a_line_are_counted_by_hand()
    {
        // Reference at 0, 1, 2, 10: the balls of the nearest neighbour reach 1, 1, 1 and 8.
        var reference = new FeatureMatrix([0, 1, 2, 10], 1);
        var found = DensityCoverage.Of(reference, new([0.5f, 5], 1), k: 1);

        // 0.5 is in the balls of 0 and 1, 5 in that of 10: three of them in all.
        Assert.Equal(3 / 2.0, found.Density);
        Assert.Equal(3 / 4.0, found.Coverage);
    }

    [Fact]
    public void Too_few_images_for_the_neighbours_are_refused_and_named()
    {
        var error = Assert.Throws<ConsistencyModelsException>(() => PrecisionRecall.Of(new([0, 1, 2], 1), new([0, 1, 2, 4], 1), 3));
        Assert.Contains("at least 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_are_told_from_new_pictures()
    {
        var reference = RandomFeatures.Of(400, 10, 8);
        var fresh = NearestNeighbours.Find(reference, RandomFeatures.Of(300, 10, 9));
        var copies = NearestNeighbours.Find(reference, reference.First(50));
        Assert.InRange(fresh.CloserThanReference, 0, 0.05);
        Assert.InRange(fresh.Median / fresh.MedianWithinReference, 0.8, 1.25);
        Assert.Equal(1, copies.CloserThanReference);
        Assert.Equal(Enumerable.Range(0, 50), copies.Of.Select(one => one.Index));
        Assert.All(copies.Of, one => Assert.Equal(0, one.Distance, 0.01));
    }

    [Fact]
    public void The_jackknife_of_a_mean_is_its_known_standard_error()
    {
        var samples = RandomFeatures.Of(1000, 1, 10);
        var values = samples.Values.ToArray();
        var mean = values.Average();
        var expected = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / 999 / 1000);
        var found = Jackknife.StandardError(samples, 1000, some => some.Values.ToArray().Average());
        Assert.Equal(expected, found, 1e-6);
    }

    [Fact]
    public void A_score_of_one_picture_is_one_and_of_clear_classes_their_number()
    {
        Assert.Equal(1, InceptionScore.OfLogits(new([.. Enumerable.Repeat(new[] { 1f, 2, 3 }, 9).SelectMany(row => row)], 3)).Value, 1e-12);
        Assert.Equal(3, InceptionScore.OfLogits(new([90, 0, 0, 0, 90, 0, 0, 0, 90], 3)).Value, 1e-9);
    }
}
