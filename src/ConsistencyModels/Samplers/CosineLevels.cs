namespace ConsistencyModels.Samplers;

/// <summary>
/// Improved DDPM's 1000 noise levels as <c>ablation_sampler</c> of NVlabs/edm builds them up from 0 (arXiv 2206.00364, table 1):
/// the recursion is in double precision, but ᾱ is in single, because PyTorch takes an integer tensor divided by a Python number
/// to float32. ᾱ is near 1 at the small end, where its last bit is worth 5e-4 of a level, so every step of it is rounded as there.
/// </summary>
internal static class CosineLevels
{
    private const int Count = 1000;
    private const float SmallestRatio = 0.001f;
    private const float Shift = 0.008f + 1;

    /// <summary>σ_0 to σ_1000, descending from 20291 to 0.</summary>
    public static double[] Make()
    {
        var levels = new double[Count + 1];
        for (var j = Count; j > 0; j--)
        {
            double ratio = Math.Max(AlphaBar(j - 1) / AlphaBar(j), SmallestRatio);
            levels[j - 1] = Math.Sqrt((((levels[j] * levels[j]) + 1) / ratio) - 1);
        }

        return levels;
    }

    private static float AlphaBar(int j)
    {
        var sine = Sine((float)(0.5 * Math.PI) * j / Count / Shift);
        return sine * sine;
    }

    /// <summary>
    /// The sine of an angle from 0 to π/2, within one unit in the last place, as PyTorch's own vector code has it: SLEEF's, with
    /// its four coefficients. One value in twenty differs from the nearest float32, and with it the levels around it. The two
    /// parts of a number that float32 cannot hold are its value and what is missing.
    /// </summary>
    private static float Sine(float angle)
    {
        var square = angle * angle;
        var squareRest = MathF.FusedMultiplyAdd(angle, angle, -square);
        var tail = MathF.FusedMultiplyAdd(2.60831598e-06f, square, -1.98106907e-04f);
        tail = MathF.FusedMultiplyAdd(tail, square, 8.33307859e-03f) * square;

        const float Cubic = -0.166666597f;
        var sum = Cubic + tail;
        var sumRest = Cubic - sum + tail;
        var product = sum * square;
        var productRest = MathF.FusedMultiplyAdd(sum, square, -product);
        productRest = MathF.FusedMultiplyAdd(sum, squareRest, MathF.FusedMultiplyAdd(sumRest, square, productRest));
        var factor = 1 + product;
        var factorRest = 1 - factor + product + productRest;
        return MathF.FusedMultiplyAdd(angle, factor, angle * factorRest);
    }
}
