namespace ConsistencyModels.Golden.Tests;

/// <summary>Comparison of lists of numbers, with a message that shows the worst place.</summary>
internal static class Near
{
    /// <summary>Asserts |actual - expected| ≤ absolute + relative·|expected| everywhere; NaN must meet NaN.</summary>
    internal static void Equal(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double relative, double absolute, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} numbers, expected {expected.Length}");
        var worst = -1;
        var worstRatio = 1.0;
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs(actual[i] - expected[i]);
            var ratio = difference == 0 || actual[i].Equals(expected[i]) ? 0 : difference / (absolute + (relative * Math.Abs(expected[i])));
            if (!(ratio <= worstRatio))
            {
                (worst, worstRatio) = (i, double.IsNaN(ratio) ? double.PositiveInfinity : ratio);
            }
        }

        Assert.True(
            worst < 0,
            worst < 0 ? null : $"{what}[{worst}]: found {actual[worst]:R}, expected {expected[worst]:R}; {worstRatio:G3} times what is allowed");
    }

    /// <summary>As <see cref="Equal(ReadOnlySpan{double}, ReadOnlySpan{double}, double, double, string)"/>, for float32.</summary>
    internal static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double relative, double absolute, string what) =>
        Equal(Widen(expected), Widen(actual), relative, absolute, what);

    /// <summary>
    /// For results of a formula in float32: each number may be off by <paramref name="relative"/> of itself plus the same part
    /// of the largest number, for terms of that size may have cancelled in it.
    /// </summary>
    internal static void EqualToScale(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double relative, string what)
    {
        var scale = 0f;
        foreach (var value in expected)
        {
            scale = Math.Max(scale, Math.Abs(value));
        }

        Equal(expected, actual, relative, relative * scale, what);
    }

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        var wide = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            wide[i] = values[i];
        }

        return wide;
    }
}
