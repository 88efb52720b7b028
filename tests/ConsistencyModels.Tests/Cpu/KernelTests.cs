using ConsistencyModels.Cpu.Kernels;
using CsCheck;

namespace ConsistencyModels.Tests.Cpu;

public sealed unsafe class KernelTests
{
    [Fact]
    public void Exp_is_within_two_units_in_the_last_place_with_vectors_of_any_width()
    {
        Exp_is_within_two_units<Floats128>();
        Exp_is_within_two_units<Floats256>();
        Exp_is_within_two_units<Floats512>();
    }

    [Fact]
    public void SiLU_is_that_of_double_precision_with_vectors_of_any_width()
    {
        SiLU_is_that_of_double_precision<Floats128>();
        SiLU_is_that_of_double_precision<Floats256>();
        SiLU_is_that_of_double_precision<Floats512>();
    }

    [Fact]
    public void Sums_and_largest_elements_are_those_of_all_elements()
    {
        Sums_and_largest<Floats128>();
        Sums_and_largest<Floats256>();
        Sums_and_largest<Floats512>();
    }

    [Fact]
    public void Products_of_any_size_are_those_of_double_precision() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 600], Gen.Int[1, 5], Gen.Bool, Gen.Int[0, 1000]).Sample(
            (rows, k, panels, accumulate, seed) =>
            {
                var random = new System.Random(seed);
                var a = Reference.Normal(random, rows * k);
                var b = Reference.Normal(random, k * panels * 16);
                var c = Reference.Normal(random, rows * panels * 16);
                var before = (float[])c.Clone();
                fixed (float* pa = a, pb = b, pc = c)
                {
                    Gemm.Multiply(pa, k, pb, (nint)k * 16, pc, panels * 16, rows, k, panels, accumulate);
                }

                for (var row = 0; row < rows; row++)
                {
                    for (var column = 0; column < panels * 16; column++)
                    {
                        double sum = accumulate ? before[(row * panels * 16) + column] : 0;
                        var scale = Math.Abs(sum);
                        for (var i = 0; i < k; i++)
                        {
                            var term = (double)a[(row * k) + i] * b[((column / 16) * k * 16) + (i * 16) + (column % 16)];
                            sum += term;
                            scale += Math.Abs(term);
                        }

                        Assert.InRange(Math.Abs(c[(row * panels * 16) + column] - sum), 0, 2e-6 * scale);
                    }
                }
            },
            iter: Iterations.Of(60));

    private static void Exp_is_within_two_units<T>()
        where T : unmanaged, IFloats<T>
    {
        var worst = 0.0;
        for (var x = -87.3; x < 88.3; x += 0.00037)
        {
            var value = Last(VectorMath.Exp(T.Create((float)x)));
            var exact = Math.Exp((float)x);
            worst = Math.Max(worst, Math.Abs(value - exact) / (MathF.BitIncrement((float)exact) - (float)exact));
        }

        Assert.InRange(worst, 0, 2);
        Assert.Equal(0, Last(VectorMath.Exp(T.Create(float.NegativeInfinity))));
    }

    private static void SiLU_is_that_of_double_precision<T>()
        where T : unmanaged, IFloats<T>
    {
        for (var x = -100.0; x < 100; x += 0.0037)
        {
            var value = Last(VectorMath.SiLU(T.Create((float)x)));
            var exact = Reference.SiLU((float)x);
            Assert.InRange(Math.Abs(value - exact), 0, (5e-7 * Math.Abs(exact)) + 1e-36);
        }

        Assert.True(float.IsNaN(Last(VectorMath.SiLU(T.Create(float.NaN)))));
    }

    private static void Sums_and_largest<T>()
        where T : unmanaged, IFloats<T>
    {
        var values = stackalloc float[T.Count];
        for (var place = 0; place < T.Count; place++)
        {
            for (var i = 0; i < T.Count; i++)
            {
                values[i] = i == place ? 7 : -i;
            }

            Assert.Equal(7, T.Largest(T.Load(values)));
            Assert.Equal(7 + place - (T.Count * (T.Count - 1) / 2), T.Sum(T.Load(values)));
        }
    }

    private static float Last<T>(T value)
        where T : unmanaged, IFloats<T>
    {
        var values = stackalloc float[T.Count];
        T.Store(value, values);
        return values[T.Count - 1];
    }
}
