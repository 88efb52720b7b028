namespace ConsistencyModels.Networks;

/// <summary>The frequencies of the sinusoids that timesteps are embedded with.</summary>
internal static class TimeFrequencies
{
    private const double LongestPeriod = 10_000;

    /// <summary>diffusers' <c>get_timestep_embedding</c>: e^(-i·ln 10000 / (half - shift)) for i from 0 to half - 1.</summary>
    /// <param name="channels">Features of the embedding; half of them, rounded down, are sines.</param>
    /// <param name="shift"><c>freq_shift</c>, below half the channels.</param>
    public static float[] Sinusoids(int channels, int shift)
    {
        var half = channels / 2;

        // The exponent is a float32 in the reference, and at large timesteps its last bit can be seen.
        var step = (float)(-Math.Log(LongestPeriod) / (half - shift));
        var frequencies = new float[half];
        for (var i = 0; i < half; i++)
        {
            frequencies[i] = MathF.Exp(i * step);
        }

        return frequencies;
    }
}
