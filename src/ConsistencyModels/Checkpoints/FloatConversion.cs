using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Checkpoints;

/// <summary>Conversions between stored elements and float32. Stored bytes are little-endian and need no alignment.</summary>
internal static class FloatConversion
{
    private static readonly float[] E4M3 = Table(FromE4M3);

    // E5M2 is the upper byte of a half, as bfloat16 is the upper half of a float.
    private static readonly float[] E5M2 = Table(b => (float)BitConverter.UInt16BitsToHalf((ushort)(b << 8)));

    /// <summary>Widens or converts every element; integers and doubles are rounded to the nearest float32.</summary>
    /// <param name="dtype">Type of the stored elements.</param>
    /// <param name="source">Their bytes: <paramref name="destination"/>.Length elements.</param>
    /// <param name="destination">Receives the values.</param>
    public static void ToSingle(TensorDType dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (source.Length != (long)destination.Length * dtype.Size())
        {
            throw new ArgumentException($"{source.Length} bytes are not {destination.Length} elements of {dtype}.", nameof(source));
        }

        switch (dtype)
        {
            case TensorDType.F32: source.CopyTo(MemoryMarshal.AsBytes(destination)); break;
            case TensorDType.F16: TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination); break;
            case TensorDType.BF16: WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(source), destination); break;
            case TensorDType.F64: Convert<double>(source, destination); break;
            case TensorDType.U8: Convert<byte>(source, destination); break;
            case TensorDType.I8: Convert<sbyte>(source, destination); break;
            case TensorDType.U16: Convert<ushort>(source, destination); break;
            case TensorDType.I16: Convert<short>(source, destination); break;
            case TensorDType.U32: Convert<uint>(source, destination); break;
            case TensorDType.I32: Convert<int>(source, destination); break;
            case TensorDType.U64: Convert<ulong>(source, destination); break;
            case TensorDType.I64: Convert<long>(source, destination); break;
            case TensorDType.F8E4M3: LookUp(E4M3, source, destination); break;
            case TensorDType.F8E5M2: LookUp(E5M2, source, destination); break;
            case TensorDType.Bool:
                for (var i = 0; i < source.Length; i++)
                {
                    destination[i] = source[i] == 0 ? 0f : 1f;
                }

                break;
            default: throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a declared element type.");
        }
    }

    /// <summary>Narrows float32 to F32, F16 or BF16, rounding to nearest, ties to even; too large values become infinities, NaN stays NaN.</summary>
    /// <exception cref="ArgumentException">Another element type, or the lengths do not fit.</exception>
    public static void FromSingle(TensorDType dtype, ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (destination.Length != (long)source.Length * dtype.Size())
        {
            throw new ArgumentException($"{destination.Length} bytes are not {source.Length} elements of {dtype}.", nameof(destination));
        }

        switch (dtype)
        {
            case TensorDType.F32: MemoryMarshal.AsBytes(source).CopyTo(destination); break;
            case TensorDType.F16: TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<byte, Half>(destination)); break;
            case TensorDType.BF16: NarrowBFloat16(MemoryMarshal.Cast<float, uint>(source), MemoryMarshal.Cast<byte, ushort>(destination)); break;
            default: throw new ArgumentException($"float32 can be stored as F32, F16 or BF16, not as {dtype.FormatName()}.", nameof(dtype));
        }
    }

    private static void Convert<T>(ReadOnlySpan<byte> source, Span<float> destination)
        where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, T>(source), destination);

    private static void LookUp(float[] table, ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (var i = 0; i < source.Length; i++)
        {
            destination[i] = table[source[i]];
        }
    }

    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            bits[i] = (uint)source[i] << 16;
        }
    }

    private static void NarrowBFloat16(ReadOnlySpan<uint> source, Span<ushort> destination)
    {
        for (var i = 0; i < source.Length; i++)
        {
            var bits = source[i];

            // Rounding could carry a NaN's payload into an infinity: NaN is cut, with its quiet bit set.
            destination[i] = (bits & 0x7FFF_FFFF) > 0x7F80_0000
                ? (ushort)((bits >> 16) | 0x40)
                : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }

    private static float[] Table(Func<int, float> value) => [.. Enumerable.Range(0, 256).Select(value)];

    private static float FromE4M3(int bits)
    {
        var exponent = (bits >> 3) & 15;
        var mantissa = bits & 7;
        var magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => mantissa * MathF.ScaleB(1, -9),
            _ => (8 + mantissa) * MathF.ScaleB(1, exponent - 10),
        };
        return (bits & 0x80) == 0 ? magnitude : -magnitude;
    }
}
