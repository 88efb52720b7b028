using System.Numerics.Tensors;

namespace ConsistencyModels.Editing;

/// <summary>Between two latents or two noisy images (arXiv 2303.01469, appendix D, "interpolation").</summary>
public static class Interpolation
{
    // Below this the two directions are so alike, or so opposed, that the sphere's formula divides by nothing.
    private const double SmallestSine = 1e-6;

    /// <summary>
    /// Spherical linear interpolation: sin((1 - α)ψ)/sin ψ · a + sin(αψ)/sin ψ · b, where ψ is the angle between them. Points between
    /// two noises keep the norm of noise, which a straight line does not. Falls back to the straight line where there is no angle.
    /// </summary>
    /// <param name="a">The start.</param>
    /// <param name="b">The end, as many values.</param>
    /// <param name="alpha">0 gives exactly the start, 1 exactly the end.</param>
    /// <param name="result">Receives as many values.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/> is not in [0, 1].</exception>
    public static void Slerp(ReadOnlySpan<float> a, ReadOnlySpan<float> b, double alpha, Span<float> result)
    {
        if (a.Length != b.Length || a.Length != result.Length)
        {
            throw new ArgumentException($"The lengths are {a.Length}, {b.Length} and {result.Length}; expected three equal ones.", nameof(result));
        }

        if (!(alpha is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "α must lie in [0, 1].");
        }

        if (alpha is 0 or 1)
        {
            (alpha == 0 ? a : b).CopyTo(result);
            return;
        }

        var (forA, forB) = Weights(a, b, alpha);
        TensorPrimitives.Multiply(b, (float)forB, result);
        TensorPrimitives.MultiplyAdd(a, (float)forA, result, result);
    }

    /// <summary>Frames at equal distances, both ends included.</summary>
    /// <param name="a">The start, one image.</param>
    /// <param name="b">The end, as many values.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <returns>[frames, …]: the first is <paramref name="a"/>, the last <paramref name="b"/>.</returns>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="frames"/> is below 2, or more than an array can hold.</exception>
    public static float[] Frames(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 2);
        if ((long)a.Length * frames > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(frames), frames, $"So many frames of {a.Length} values are larger than an array can be.");
        }

        var result = new float[a.Length * frames];
        for (var frame = 0; frame < frames; frame++)
        {
            Slerp(a, b, (double)frame / (frames - 1), result.AsSpan(frame * a.Length, a.Length));
        }

        return result;
    }

    private static (double A, double B) Weights(ReadOnlySpan<float> a, ReadOnlySpan<float> b, double alpha)
    {
        var cosine = TensorPrimitives.Dot(a, b) / ((double)TensorPrimitives.Norm(a) * TensorPrimitives.Norm(b));
        var angle = Math.Acos(Math.Clamp(cosine, -1, 1));
        var sine = Math.Sin(angle);
        return sine > SmallestSine
            ? (Math.Sin((1 - alpha) * angle) / sine, Math.Sin(alpha * angle) / sine)
            : (1 - alpha, alpha);
    }
}
