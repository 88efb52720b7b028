using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using CsCheck;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class FloatConversionTests
{
    private static readonly ushort[] All = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void All_halves_and_bfloats_widen_exactly_at_any_alignment(int misalignment)
    {
        var bytes = new byte[(2 * All.Length) + misalignment];
        MemoryMarshal.AsBytes(All.AsSpan()).CopyTo(bytes.AsSpan(misalignment));
        var values = new float[All.Length];

        FloatConversion.ToSingle(TensorDType.F16, bytes.AsSpan(misalignment), values);
        Assert.Equal(All.Select(b => Comparable((float)BitConverter.UInt16BitsToHalf(b))), values.Select(Comparable));

        FloatConversion.ToSingle(TensorDType.BF16, bytes.AsSpan(misalignment), values);
        Assert.Equal(All.Select(b => (uint)b << 16), values.Select(BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [InlineData(TensorDType.F16)]
    [InlineData(TensorDType.BF16)]
    public void What_was_widened_narrows_back_to_the_same_bits(TensorDType dtype)
    {
        var values = new float[All.Length];
        FloatConversion.ToSingle(dtype, MemoryMarshal.AsBytes(All.AsSpan()), values);
        var back = new ushort[All.Length];
        FloatConversion.FromSingle(dtype, values, MemoryMarshal.AsBytes(back.AsSpan()));
        for (var i = 0; i < All.Length; i++)
        {
            if (float.IsNaN(values[i]))
            {
                var again = new float[1];
                FloatConversion.ToSingle(dtype, MemoryMarshal.AsBytes(back.AsSpan(i, 1)), again);
                Assert.True(float.IsNaN(again[0]), $"NaN {All[i]:X4} became {again[0]}");
            }
            else
            {
                Assert.Equal(All[i], back[i]);
            }
        }
    }

    [Theory]
    [InlineData(0x3F80_8000u, 0x3F80)] // a tie goes to even: down
    [InlineData(0x3F81_8000u, 0x3F82)] // and up
    [InlineData(0x3F80_8001u, 0x3F81)]
    [InlineData(0x3F80_7FFFu, 0x3F80)]
    [InlineData(0x3FFF_FFFFu, 0x4000)] // carries into the exponent
    [InlineData(0x7F7F_FFFFu, 0x7F80)] // the largest float rounds to infinity
    [InlineData(0xFF80_0000u, 0xFF80)]
    [InlineData(0x7F80_0001u, 0x7FC0)] // a NaN whose payload would be cut off stays NaN
    [InlineData(0x0000_8001u, 0x0001)] // subnormal
    public void Bfloat16_rounds_to_nearest_even(uint bits, ushort expected)
    {
        var result = new byte[2];
        FloatConversion.FromSingle(TensorDType.BF16, [BitConverter.UInt32BitsToSingle(bits)], result);
        Assert.Equal(expected, BitConverter.ToUInt16(result));
    }

    [Fact]
    public void Narrowing_picks_the_nearest_neighbour() =>
        Gen.Float.Where(float.IsFinite).Array[1, 70].Sample(
            values =>
            {
                var half = new byte[2 * values.Length];
                FloatConversion.FromSingle(TensorDType.F16, values, half);
                Assert.Equal(values.Select(v => BitConverter.HalfToUInt16Bits((Half)v)), MemoryMarshal.Cast<byte, ushort>(half).ToArray());

                var narrow = new byte[2 * values.Length];
                FloatConversion.FromSingle(TensorDType.BF16, values, narrow);
                var stored = MemoryMarshal.Cast<byte, ushort>(narrow).ToArray();
                for (var i = 0; i < values.Length; i++)
                {
                    var chosen = Distance(values[i], stored[i]);
                    Assert.True(chosen <= Distance(values[i], (ushort)(stored[i] - 1)) && chosen <= Distance(values[i], (ushort)(stored[i] + 1)));
                }
            },
            iter: 1000,
            threads: 1);

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => FloatConversion.ToSingle(TensorDType.F16, new byte[3], new float[1]));
        Assert.Throws<ArgumentException>(() => FloatConversion.FromSingle(TensorDType.F16, new float[2], new byte[3]));
        Assert.Throws<ArgumentException>(() => FloatConversion.FromSingle(TensorDType.U16, new float[1], new byte[2]));
    }

    // In doubles; infinity counts as the next power of two, which is how rounding sees it.
    private static double Distance(float value, ushort bits)
    {
        var stored = (double)BitConverter.UInt32BitsToSingle((uint)bits << 16);
        return Math.Abs(value - (double.IsInfinity(stored) ? Math.CopySign(Math.ScaleB(1, 128), stored) : double.IsNaN(stored) ? double.MaxValue : stored));
    }

    private static uint Comparable(float value) => float.IsNaN(value) ? 0x7FC0_0000 : BitConverter.SingleToUInt32Bits(value);
}
