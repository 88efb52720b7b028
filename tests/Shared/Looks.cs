namespace ConsistencyModels.Testing;

/// <summary>Claims about time. The clock also counts what other processes take, so a claim is broken only if it is at every look.</summary>
internal static class Looks
{
    private const int Most = 5;

    /// <summary>Holds if one of several measurements is within a bound.</summary>
    /// <param name="bound">The largest value that holds.</param>
    /// <param name="measure">Measures once.</param>
    public static void AtMost(double bound, Func<double> measure)
    {
        var seen = new List<double>();
        while (seen.Count < Most)
        {
            seen.Add(measure());
            if (seen[^1] <= bound)
            {
                return;
            }
        }

        Assert.Fail($"at most {bound} was expected once; measured: {string.Join(", ", seen)}");
    }
}
