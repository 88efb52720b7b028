using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu;

/// <summary>
/// What the processor can do at most: fused multiply-adds of float32 from registers to registers, in the widest vectors it has.
/// No engine can compute a direct convolution faster than its operations divided by this.
/// </summary>
public static class FmaPeak
{
    // A vector multiply-add takes 4 or 5 cycles and two may begin in each: ten in flight keep both units busy.
    private const int Chains = 12;
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
                sums[index] += Vector512.IsHardwareAccelerated ? Run512(seed) : Run256(seed);
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

        var lanes = Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;
        var operations = 2.0 * lanes * Chains * Steps * repeats * threads;
        return (operations / seconds.Max(), seconds.Max());
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Run512(float seed)
    {
        var x = Vector512.Create(seed);
        Vector512<float> a = x, b = a * x, c = b * x, d = c * x, e = d * x, f = e * x, g = f * x, h = g * x, i = h * x, j = i * x, k = j * x, l = k * x;
        for (var step = 0; step < Steps; step++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, x);
            b = Vector512.FusedMultiplyAdd(b, x, x);
            c = Vector512.FusedMultiplyAdd(c, x, x);
            d = Vector512.FusedMultiplyAdd(d, x, x);
            e = Vector512.FusedMultiplyAdd(e, x, x);
            f = Vector512.FusedMultiplyAdd(f, x, x);
            g = Vector512.FusedMultiplyAdd(g, x, x);
            h = Vector512.FusedMultiplyAdd(h, x, x);
            i = Vector512.FusedMultiplyAdd(i, x, x);
            j = Vector512.FusedMultiplyAdd(j, x, x);
            k = Vector512.FusedMultiplyAdd(k, x, x);
            l = Vector512.FusedMultiplyAdd(l, x, x);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Run256(float seed)
    {
        var x = Vector256.Create(seed);
        Vector256<float> a = x, b = a * x, c = b * x, d = c * x, e = d * x, f = e * x, g = f * x, h = g * x, i = h * x, j = i * x, k = j * x, l = k * x;
        for (var step = 0; step < Steps; step++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, x);
            b = Vector256.FusedMultiplyAdd(b, x, x);
            c = Vector256.FusedMultiplyAdd(c, x, x);
            d = Vector256.FusedMultiplyAdd(d, x, x);
            e = Vector256.FusedMultiplyAdd(e, x, x);
            f = Vector256.FusedMultiplyAdd(f, x, x);
            g = Vector256.FusedMultiplyAdd(g, x, x);
            h = Vector256.FusedMultiplyAdd(h, x, x);
            i = Vector256.FusedMultiplyAdd(i, x, x);
            j = Vector256.FusedMultiplyAdd(j, x, x);
            k = Vector256.FusedMultiplyAdd(k, x, x);
            l = Vector256.FusedMultiplyAdd(l, x, x);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
