using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>Elementary functions of vectors, accurate to about 2 units in the last place.</summary>
internal static class VectorMath
{
    // Adding 1.5·2^23 moves a float's integer part to the low bits of its mantissa, rounded to nearest.
    private const float RoundingShift = 12582912f;

    // ln 2 in two parts: the first has so few bits that n times it is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    // Beyond these the result leaves the normal floats.
    private const float Largest = 88.37f;
    private const float Smallest = -87.3365448f;

    /// <summary>
    /// e^x. With n = round(x/ln 2) and r = x - n·ln 2, |r| ≤ ln 2 / 2, it is 2^n·e^r; the polynomial for e^r is Cephes'
    /// (expf, S. Moshier), whose relative error is below 2^-24. Below <see cref="Smallest"/>, and for -∞, the result is 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : struct, IFloats<T>
    {
        var bounded = T.Min(T.Max(x, T.Create(Smallest)), T.Create(Largest));
        var shifted = T.MultiplyAdd(bounded, T.Create(1.44269504088896341f), T.Create(RoundingShift));
        var n = shifted - T.Create(RoundingShift);
        var r = T.MultiplyAdd(n, T.Create(-Ln2High), bounded);
        r = T.MultiplyAdd(n, T.Create(-Ln2Low), r);
        var y = T.MultiplyAdd(T.Create(1.9875691500e-4f), r, T.Create(1.3981999507e-3f));
        y = T.MultiplyAdd(y, r, T.Create(8.3334519073e-3f));
        y = T.MultiplyAdd(y, r, T.Create(4.1665795894e-2f));
        y = T.MultiplyAdd(y, r, T.Create(1.6666665459e-1f));
        y = T.MultiplyAdd(y, r, T.Create(5.0000001201e-1f));
        y = T.MultiplyAdd(y, r * r, r + T.Create(1));
        return T.ZeroBelow(x, T.Create(Smallest), y * T.PowerOfTwo(shifted));
    }

    /// <summary>SiLU: x·σ(x) = x / (1 + e^-x). A NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SiLU<T>(T x)
        where T : struct, IFloats<T> => x / (T.Create(1) + Exp(T.Create(0) - x));

    /// <summary>The derivative of <see cref="SiLU"/>: σ(x)·(1 + x·(1 - σ(x))).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SiLUSlope<T>(T x)
        where T : struct, IFloats<T>
    {
        var one = T.Create(1);
        var sigmoid = one / (one + Exp(T.Create(0) - x));
        return sigmoid * T.MultiplyAdd(x, one - sigmoid, one);
    }
}
