using System.Runtime.Intrinsics;

namespace ConsistencyModels.Noise;

/// <summary>
/// Turns uniform numbers into normal ones in place, in groups of 16: the first eight give the radius, the last eight the
/// angle, and cosines and sines take their places. This is the grouping of PyTorch's CPU kernel.
/// </summary>
internal static class BoxMuller
{
    internal const int GroupLength = 16;
    private const int Half = GroupLength / 2;

    /// <summary>Transforms whole groups of numbers in [0, 1).</summary>
    internal static void Transform(Span<float> groups)
    {
        for (var i = 0; i + GroupLength <= groups.Length; i += GroupLength)
        {
            var group = groups.Slice(i, GroupLength);

            // 1 - u is exact (u is a multiple of 2^-24) and never 0. The angle is rounded to float32 as PyTorch's is:
            // half an ulp of 2π is more than the error of everything else here.
            var radius = Vector256.Sqrt(-2f * Vector256.Log(Vector256<float>.One - Vector256.Create<float>(group)));
            var (sin, cos) = Vector256.SinCos(2f * MathF.PI * Vector256.Create<float>(group[Half..]));
            (radius * cos).CopyTo(group);
            (radius * sin).CopyTo(group[Half..]);
        }
    }

    /// <summary>Transforms whole groups of numbers in [0, 1).</summary>
    internal static void Transform(Span<double> groups)
    {
        for (var i = 0; i + GroupLength <= groups.Length; i += GroupLength)
        {
            for (var j = i; j < i + Half; j++)
            {
                var radius = Math.Sqrt(-2 * Math.Log(1 - groups[j]));
                var (sin, cos) = Math.SinCos(2 * Math.PI * groups[j + Half]);
                groups[j] = radius * cos;
                groups[j + Half] = radius * sin;
            }
        }
    }
}
