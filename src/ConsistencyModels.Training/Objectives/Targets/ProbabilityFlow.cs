using System.Numerics.Tensors;

namespace ConsistencyModels.Training.Objectives.Targets;

/// <summary>Steps of the teacher's probability flow, dx/dσ = (x - D(x; σ))/σ (Karras et al. 2022, Eq. 1), one pair of levels per image.</summary>
internal static class ProbabilityFlow
{
    /// <summary>x + (σ' - σ) dx/dσ.</summary>
    public static void Euler(IStepNetworks networks, ReadOnlySpan<float> x, float[] from, float[] to, Span<float> next)
    {
        using var scratch = new Scratch();
        var slope = scratch.Floats(x.Length);
        Slope(networks, x, from, slope);
        Go(x, slope, from, to, 1, next);
    }

    /// <summary>The same with the mean of the slopes at both ends.</summary>
    public static void Heun(IStepNetworks networks, ReadOnlySpan<float> x, float[] from, float[] to, Span<float> next)
    {
        using var scratch = new Scratch();
        var slope = scratch.Floats(x.Length);
        Slope(networks, x, from, slope);
        Go(x, slope, from, to, 1, next);
        var second = scratch.Floats(x.Length);
        Slope(networks, next, to, second);
        TensorPrimitives.Add(slope, second, slope);
        Go(x, slope, from, to, 2, next);
    }

    private static void Slope(IStepNetworks networks, ReadOnlySpan<float> x, float[] sigmas, Span<float> slope)
    {
        networks.Denoise(NetworkRole.Teacher, x, sigmas, slope);
        TensorPrimitives.Subtract(x, slope, slope);
        var length = x.Length / sigmas.Length;
        for (var i = 0; i < sigmas.Length; i++)
        {
            var part = slope.Slice(i * length, length);
            TensorPrimitives.Divide(part, sigmas[i], part);
        }
    }

    private static void Go(ReadOnlySpan<float> x, ReadOnlySpan<float> slope, float[] from, float[] to, float divisor, Span<float> next)
    {
        var length = x.Length / from.Length;
        for (var i = 0; i < from.Length; i++)
        {
            var part = next.Slice(i * length, length);
            TensorPrimitives.Multiply(slope.Slice(i * length, length), (to[i] - from[i]) / divisor, part);
            TensorPrimitives.Add(part, x.Slice(i * length, length), part);
        }
    }
}
