using System.Numerics;
using ConsistencyModels.Cpu;
using CsCheck;

namespace ConsistencyModels.Tests.Cpu;

public sealed unsafe class KernelTests
{
    [Fact]
    public void Exp_is_within_two_units_in_the_last_place()
    {
        var worst = 0.0;
        for (var x = -87.3; x < 88.3; x += 0.00037)
        {
            var value = VectorMath.Exp(Vector.Create((float)x))[0];
            var exact = Math.Exp((float)x);
            worst = Math.Max(worst, Math.Abs(value - exact) / (MathF.BitIncrement((float)exact) - (float)exact));
        }

        Assert.InRange(worst, 0, 2);
        Assert.Equal(0, VectorMath.Exp(Vector.Create(float.NegativeInfinity))[0]);
    }

    [Fact]
    public void SiLU_is_that_of_double_precision()
    {
        for (var x = -100.0; x < 100; x += 0.0037)
        {
            var value = VectorMath.SiLU(Vector.Create((float)x))[0];
            var exact = Reference.SiLU((float)x);
            Assert.InRange(Math.Abs(value - exact), 0, (5e-7 * Math.Abs(exact)) + 1e-36);
        }

        Assert.True(float.IsNaN(VectorMath.SiLU(Vector.Create(float.NaN))[0]));
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
}
