using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The way back through group normalization, scale and shift, and SiLU, with z = a·x + b what SiLU was given. z is computed again: it costs
/// less than to keep it.
/// </summary>
internal static unsafe class GroupNormGradient
{
    // What is read is asked for so many pixels before.
    private const int PixelsAhead = 16;

    /// <summary>Adds up z', and z'·(x - mean), of every channel.</summary>
    /// <param name="row">Pixels and what belongs to them.</param>
    /// <param name="mean">Means of the channels' groups.</param>
    /// <param name="sums">What Σz' is added to.</param>
    /// <param name="products">What Σz'·(x - mean) is added to.</param>
    /// <param name="kept">Receives z', as x lies, for <see cref="Apply"/>; null to have it computed again.</param>
    public static void Sums(in NormRow row, float* mean, float* sums, float* products, float* kept)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Sums<Floats512>(row, mean, sums, products, kept);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Sums<Floats256>(row, mean, sums, products, kept);
        }
        else
        {
            Sums<Floats128>(row, mean, sums, products, kept);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sums<T>(in NormRow row, float* mean, float* sums, float* products, float* kept)
        where T : unmanaged, IFloats<T>
    {
        var (pixels, channels, shift) = (row.Pixels, row.Channels, row.Shift);
        var factor = T.Create(row.Factor);
        var ahead = (nint)PixelsAhead * channels;
        for (var c = 0; c < channels; c += T.Count)
        {
            T a = T.Load(row.A + c), b = T.Load(row.B + c), center = T.Load(mean + c);
            T sum = T.Create(0), product = T.Create(0);
            var x = row.X + c;
            var y = row.Gradient + c;
            var keep = kept + c;
            for (var pixel = 0; pixel < pixels; pixel++)
            {
                Cache.Fetch(x + ahead);
                Cache.Fetch(y + (((pixel + PixelsAhead) >> shift) * row.GradientStride));
                var value = T.Load(x);
                var z = T.Load(y + ((pixel >> shift) * row.GradientStride)) * factor;
                if (row.SiLU)
                {
                    z *= VectorMath.SiLUSlope(T.MultiplyAdd(a, value, b));
                }

                if (kept is not null)
                {
                    T.Store(z, keep);
                    keep += channels;
                }

                sum += z;
                product = T.MultiplyAdd(z, value - center, product);
                x += channels;
            }

            T.Store(T.Load(sums + c) + sum, sums + c);
            T.Store(T.Load(products + c) + product, products + c);
        }
    }

    /// <summary>x' (+)= a·z' + k₁·x + k₀, and what else is to be added.</summary>
    /// <param name="row">Pixels and what belongs to them.</param>
    /// <param name="k0">Constants of the channels.</param>
    /// <param name="k1">Factors of the channels.</param>
    /// <param name="target">Where it goes, and what is added to it.</param>
    public static void Apply(in NormRow row, float* k0, float* k1, in NormTarget target)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Apply<Floats512>(row, k0, k1, target);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Apply<Floats256>(row, k0, k1, target);
        }
        else
        {
            Apply<Floats128>(row, k0, k1, target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<T>(in NormRow row, float* k0, float* k1, in NormTarget target)
        where T : unmanaged, IFloats<T>
    {
        var (pixels, channels, shift) = (row.Pixels, row.Channels, row.Shift);
        var factor = T.Create(row.Factor);
        float* x = row.X, to = target.Output, addend = target.Addend, kept = target.Kept;
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            var y = row.Gradient + ((pixel >> shift) * row.GradientStride);
            var halved = target.Halved is null ? null : target.Halved + ((pixel >> 1) * target.HalvedStride);
            for (var c = 0; c < channels; c += T.Count)
            {
                T a = T.Load(row.A + c), value = T.Load(x + c);
                T z;
                if (kept is not null)
                {
                    z = T.Load(kept + c);
                }
                else
                {
                    z = T.Load(y + c) * factor;
                    if (row.SiLU)
                    {
                        z *= VectorMath.SiLUSlope(T.MultiplyAdd(a, value, T.Load(row.B + c)));
                    }
                }

                var sum = T.MultiplyAdd(a, z, T.MultiplyAdd(T.Load(k1 + c), value, T.Load(k0 + c)));
                if (target.Accumulate)
                {
                    sum += T.Load(to + c);
                }

                if (addend is not null)
                {
                    sum += T.Load(addend + c);
                }

                if (halved is not null)
                {
                    sum = T.MultiplyAdd(T.Create(0.25f), T.Load(halved + c), sum);
                }

                T.Store(sum, to + c);
            }

            x += channels;
            to += channels;
            addend = addend is null ? null : addend + channels;
            kept = kept is null ? null : kept + channels;
        }
    }
}

/// <summary>Neighbouring pixels of a normalization's input, and the gradient of its output at them.</summary>
internal unsafe struct NormRow
{
    /// <summary>The input; pixels are <see cref="Channels"/> apart.</summary>
    public float* X;

    /// <summary>The output's gradient.</summary>
    public float* Gradient;

    /// <summary>Distance of its pixels.</summary>
    public nint GradientStride;

    /// <summary>1 if a pixel of the output is the mean of two neighbours here, else 0.</summary>
    public int Shift;

    /// <summary>What the gradient is multiplied by: a pixel's share of the output.</summary>
    public float Factor;

    /// <summary>Factors and shifts of the channels: z = A·x + B.</summary>
    public float* A, B;

    /// <summary>Whether SiLU followed.</summary>
    public bool SiLU;

    /// <summary>How many there are.</summary>
    public int Pixels, Channels;
}

/// <summary>Where a normalization's gradient goes.</summary>
internal unsafe struct NormTarget
{
    /// <summary>As the input.</summary>
    public float* Output;

    /// <summary>Whether it is added to what is there.</summary>
    public bool Accumulate;

    /// <summary>Another gradient of the input, added; or null.</summary>
    public float* Addend;

    /// <summary>z' from <see cref="GroupNormGradient.Sums"/>, or null.</summary>
    public float* Kept;

    /// <summary>A gradient of the means of 2x2 input pixels, of which each pixel gets a quarter; or null.</summary>
    public float* Halved;

    /// <summary>Distance of its pixels.</summary>
    public nint HalvedStride;
}
