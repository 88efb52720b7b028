using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ConsistencyModels.Cpu.Kernels;

namespace ConsistencyModels.Cpu;

/// <summary>
/// What the processor can do at most: fused multiply-adds of float32 from registers to registers, in the widest vectors it has.
/// No engine can compute a direct convolution faster than its operations divided by this.
/// </summary>
public static class FmaPeak
{
    // A vector multiply-add takes 4 or 5 cycles and two may begin in each: ten in flight keep both units busy. On Arm up to four begin.
    private const int Chains = 12;
    private const int ArmChains = 20;
    private const int Steps = 1 << 14;
    private const double ShortestBurst = 2e-3;

    /// <summary>Measures in bursts of two milliseconds, which a busy machine seldom interrupts.</summary>
    /// <param name="threads">Threads that compute at once.</param>
    /// <param name="bursts">How often; the best one counts, since all that can go wrong makes it slower.</param>
    /// <returns>Floating-point operations a second of all threads together; a multiply-add is two.</returns>
    public static double Measure(int threads, int bursts = 50)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bursts);
        var best = 0.0;
        var repeats = 1;
        for (var burst = 0; burst < bursts;)
        {
            var (rate, seconds) = Burst(threads, repeats);
            if (seconds < ShortestBurst)
            {
                repeats *= 2;
                continue;
            }

            best = Math.Max(best, rate);
            burst++;
        }

        return best;
    }

    private static (double Rate, double Seconds) Burst(int threads, int repeats)
    {
        using var barrier = new Barrier(threads);
        var seconds = new double[threads];
        var sums = new float[threads];

        // Below 1, so that no sum grows without bound; a variable, so that nothing is computed ahead. No call may stand in the loops'
        // methods: vectors live in registers that calls do not keep, and the sums would be in memory.
        var seed = 0.5f + ((Environment.TickCount & 1) * 0.25f);
        void Work(int index)
        {
            barrier.SignalAndWait();
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < repeats; i++)
            {
                sums[index] += Vector512.IsHardwareAccelerated ? Run<Floats512>(seed)
                    : Vector256.IsHardwareAccelerated ? Run<Floats256>(seed)
                    : AdvSimd.IsSupported ? RunOnArm(seed)
                    : Run<Floats128>(seed);
            }

            seconds[index] = clock.Elapsed.TotalSeconds;
        }

        var helpers = Enumerable.Range(1, threads - 1).Select(index => new Thread(() => Work(index))).ToList();
        helpers.ForEach(thread => thread.Start());
        Work(0);
        helpers.ForEach(thread => thread.Join());
        if (!sums.All(float.IsFinite))
        {
            throw new InvalidOperationException("The sums of the peak loop are not finite.");
        }

        var lanes = Vector512.IsHardwareAccelerated ? Floats512.Count : Vector256.IsHardwareAccelerated ? Floats256.Count : Floats128.Count;
        var operations = 2.0 * lanes * (AdvSimd.IsSupported ? ArmChains : Chains) * Steps * repeats * threads;
        return (operations / seconds.Max(), seconds.Max());
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Run<T>(float seed)
        where T : struct, IFloats<T>
    {
        var x = T.Create(seed);
        T a = x, b = a * x, c = b * x, d = c * x, e = d * x, f = e * x, g = f * x, h = g * x, i = h * x, j = i * x, k = j * x, l = k * x;
        for (var step = 0; step < Steps; step++)
        {
            a = T.MultiplyAdd(a, x, x);
            b = T.MultiplyAdd(b, x, x);
            c = T.MultiplyAdd(c, x, x);
            d = T.MultiplyAdd(d, x, x);
            e = T.MultiplyAdd(e, x, x);
            f = T.MultiplyAdd(f, x, x);
            g = T.MultiplyAdd(g, x, x);
            h = T.MultiplyAdd(h, x, x);
            i = T.MultiplyAdd(i, x, x);
            j = T.MultiplyAdd(j, x, x);
            k = T.MultiplyAdd(k, x, x);
            l = T.MultiplyAdd(l, x, x);
        }

        return T.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    // Twenty sums and the factor: Arm has 32 registers of vectors, of which x64 has 16 before AVX-512.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float RunOnArm(float seed)
    {
        var x = Vector128.Create(seed);
        Vector128<float> a = x, b = a * x, c = b * x, d = c * x, e = d * x, f = e * x, g = f * x, h = g * x, i = h * x, j = i * x;
        Vector128<float> k = j * x, l = k * x, m = l * x, n = m * x, o = n * x, p = o * x, q = p * x, r = q * x, s = r * x, t = s * x;
        for (var step = 0; step < Steps; step++)
        {
            a = AdvSimd.FusedMultiplyAdd(x, a, x);
            b = AdvSimd.FusedMultiplyAdd(x, b, x);
            c = AdvSimd.FusedMultiplyAdd(x, c, x);
            d = AdvSimd.FusedMultiplyAdd(x, d, x);
            e = AdvSimd.FusedMultiplyAdd(x, e, x);
            f = AdvSimd.FusedMultiplyAdd(x, f, x);
            g = AdvSimd.FusedMultiplyAdd(x, g, x);
            h = AdvSimd.FusedMultiplyAdd(x, h, x);
            i = AdvSimd.FusedMultiplyAdd(x, i, x);
            j = AdvSimd.FusedMultiplyAdd(x, j, x);
            k = AdvSimd.FusedMultiplyAdd(x, k, x);
            l = AdvSimd.FusedMultiplyAdd(x, l, x);
            m = AdvSimd.FusedMultiplyAdd(x, m, x);
            n = AdvSimd.FusedMultiplyAdd(x, n, x);
            o = AdvSimd.FusedMultiplyAdd(x, o, x);
            p = AdvSimd.FusedMultiplyAdd(x, p, x);
            q = AdvSimd.FusedMultiplyAdd(x, q, x);
            r = AdvSimd.FusedMultiplyAdd(x, r, x);
            s = AdvSimd.FusedMultiplyAdd(x, s, x);
            t = AdvSimd.FusedMultiplyAdd(x, t, x);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t);
    }
}
