using System.Numerics;
using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu;

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
    public static Vector<float> Exp(Vector<float> x)
    {
        var bounded = Vector.MinNative(Vector.MaxNative(x, Vector.Create(Smallest)), Vector.Create(Largest));
        var shifted = Vector.MultiplyAddEstimate(bounded, Vector.Create(1.44269504088896341f), Vector.Create(RoundingShift));
        var n = shifted - Vector.Create(RoundingShift);
        var r = Vector.MultiplyAddEstimate(n, Vector.Create(-Ln2High), bounded);
        r = Vector.MultiplyAddEstimate(n, Vector.Create(-Ln2Low), r);
        var y = Vector.MultiplyAddEstimate(Vector.Create(1.9875691500e-4f), r, Vector.Create(1.3981999507e-3f));
        y = Vector.MultiplyAddEstimate(y, r, Vector.Create(8.3334519073e-3f));
        y = Vector.MultiplyAddEstimate(y, r, Vector.Create(4.1665795894e-2f));
        y = Vector.MultiplyAddEstimate(y, r, Vector.Create(1.6666665459e-1f));
        y = Vector.MultiplyAddEstimate(y, r, Vector.Create(5.0000001201e-1f));
        y = Vector.MultiplyAddEstimate(y, r * r, r + Vector<float>.One);

        // The shift's own bits leave at the top, n becomes the exponent.
        var power = Vector.AsVectorSingle(Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23) + Vector.AsVectorInt32(Vector<float>.One));
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector.Create(Smallest)), Vector<float>.Zero, y * power);
    }

    /// <summary>SiLU: x·σ(x) = x / (1 + e^-x). A NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> SiLU(Vector<float> x) => x / (Vector<float>.One + Exp(-x));
}
