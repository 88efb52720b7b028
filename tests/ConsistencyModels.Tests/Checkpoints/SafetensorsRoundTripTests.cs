using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using CsCheck;

namespace ConsistencyModels.Tests.Checkpoints;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<TensorDType, byte[], float[]> Values => new()
    {
        { TensorDType.Bool, [0, 1, 1], [0, 1, 1] },
        { TensorDType.U8, [0, 1, 255], [0, 1, 255] },
        { TensorDType.I8, [0, 127, 0x80], [0, 127, -128] },
        { TensorDType.U16, Bytes<ushort>(0, 258, 65535), [0, 258, 65535] },
        { TensorDType.I16, Bytes<short>(-2, 258, -32768), [-2, 258, -32768] },
        { TensorDType.U32, Bytes<uint>(1, 16777217, 4294967295), [1, 16777216, 4294967296] },
        { TensorDType.I32, Bytes(-1, 16777219, int.MinValue), [-1, 16777220, -2147483648] },
        { TensorDType.U64, Bytes<ulong>(1, 1UL << 63, ulong.MaxValue), [1, 9223372036854775808f, 18446744073709551616f] },
        { TensorDType.I64, Bytes(-1L, long.MaxValue, long.MinValue), [-1, 9223372036854775808f, -9223372036854775808f] },
        { TensorDType.F8E4M3, [0x00, 0x80, 0x01, 0x07, 0x08, 0x38, 0xB8, 0x7E, 0x7F, 0xFF], [0, -0f, 1 / 512f, 7 / 512f, 1 / 64f, 1, -1, 448, float.NaN, float.NaN] },
        { TensorDType.F8E5M2, [0x00, 0x80, 0x01, 0x04, 0x3C, 0xBC, 0x7B, 0x7C, 0xFC, 0x7F], [0, -0f, 1 / 65536f, 1 / 16384f, 1, -1, 57344, float.PositiveInfinity, float.NegativeInfinity, float.NaN] },
        { TensorDType.F16, Bytes<ushort>(0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0x7E00), [1, -2, 1 / 16777216f, 65504, float.PositiveInfinity, float.NaN] },
        { TensorDType.BF16, Bytes<ushort>(0x3F80, 0xC000, 0x0001, 0x7F80, 0x7FC0), [1, -2, 9.1835e-41f, float.PositiveInfinity, float.NaN] },
        { TensorDType.F32, Bytes(1.5f, -0f, float.MaxValue, float.NaN), [1.5f, -0f, float.MaxValue, float.NaN] },
        { TensorDType.F64, Bytes(0.1, 1e300, -1e-300), [0.1f, float.PositiveInfinity, -0f] },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Every_dtype_round_trips_and_converts_to_float(TensorDType dtype, byte[] stored, float[] expected)
    {
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(path, [TensorToWrite.FromBytes("t", dtype, [expected.Length], stored)]);

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(dtype, file.Tensors["t"].DType);
        Assert.Equal([expected.Length], file.Tensors["t"].Shape);
        Assert.Equal(stored, file.Bytes("t"));
        var values = new float[expected.Length];
        file.CopyTo("t", values);
        Assert.Equal(expected.Select(BitsOf), values.Select(BitsOf));
    }

    [Fact]
    public void Every_dtype_has_a_row_above() =>
        Assert.Equal(Enum.GetValues<TensorDType>().Order(), Values.Select(row => row.Data.Item1).Order());

    [Fact]
    public void Any_dictionary_of_tensors_round_trips()
    {
        var tensor =
            from dtype in Gen.Enum<TensorDType>()
            from shape in Gen.Long[0, 5].Array[0, 4]
            from bytes in Gen.Byte.Array[(int)(shape.Aggregate(1L, (a, b) => a * b) * dtype.Size())]
            select (DType: dtype, Shape: shape, Bytes: bytes);
        var name = Gen.String[Gen.OneOf(Gen.Char.AlphaNumeric, Gen.OneOfConst('.', '"', '\\', '\n', '\0', 'é', '漢', '\u2028', '/')), 0, 12];
        var text = Gen.Dictionary(name, name)[0, 3];
        var path = _folder.File("x.safetensors");
        Gen.Dictionary(name, tensor)[0, 12].Select(text).Sample(
            (tensors, metadata) =>
            {
                SafetensorsWriter.Write(path, tensors.Select(t => TensorToWrite.FromBytes(t.Key, t.Value.DType, t.Value.Shape, t.Value.Bytes)), metadata);
                using var file = SafetensorsFile.Open(path);
                Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Tensors.Keys.Order(StringComparer.Ordinal));
                foreach (var (key, (dtype, shape, bytes)) in tensors)
                {
                    Assert.Equal(dtype, file.Tensors[key].DType);
                    Assert.Equal(shape, file.Tensors[key].Shape);
                    Assert.Equal(bytes, file.Bytes(key));
                }

                metadata.TryAdd("format", "pt");
                Assert.Equal(metadata.OrderBy(p => p.Key, StringComparer.Ordinal), file.Metadata.OrderBy(p => p.Key, StringComparer.Ordinal));
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void Floats_are_narrowed_on_the_way_out_and_data_is_aligned()
    {
        float[] values = [.. Enumerable.Range(0, 200_001).Select(i => (i - 100_000) / 7f)];
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(path,
        [
            TensorToWrite.FromFloats("h", [values.Length], values, TensorDType.F16),
            TensorToWrite.FromFloats("b", [values.Length], values, TensorDType.BF16),
            TensorToWrite.FromFloats("f", [3, values.Length / 3], values),
        ]);

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["f", "b", "h"], file.Tensors.Keys);
        Assert.Equal(values.Select(v => (float)(Half)v), Read(file, "h"));
        Assert.Equal(values, Read(file, "f"));
        Assert.All(values.Zip(Read(file, "b")), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Math.Abs(pair.First) / 256));
        Assert.Equal(0, BitConverter.ToInt64(File.ReadAllBytes(path).AsSpan(0, 8)) % 8);

        var copy = _folder.File("y.safetensors");
        SafetensorsWriter.Write(copy, [TensorToWrite.FromSource(file, "f", TensorDType.F16, "g"), TensorToWrite.FromSource(file, "b")]);
        using var converted = SafetensorsFile.Open(copy);
        Assert.Equal([3, values.Length / 3], converted.Tensors["g"].Shape);
        Assert.Equal(file.Bytes("h"), converted.Bytes("g"));
        Assert.Equal(file.Bytes("b"), converted.Bytes("b"));
    }

    [Fact]
    public void Wrong_use_of_the_writer_is_an_error_and_leaves_no_file()
    {
        var path = _folder.File("x.safetensors");
        var one = new TensorInfo("a", TensorDType.U8, [2]);
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [new TensorToWrite(one, s => s.WriteByte(1))]));
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [new TensorToWrite(one, s => s.Write(new byte[3]))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [Byte("a"), Byte("a")]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [Byte("__metadata__")]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [Byte("\uD800")]));
        Assert.Throws<ArgumentException>(() => TensorToWrite.FromBytes("a", TensorDType.F32, [2], new byte[7]));
        Assert.Throws<ArgumentException>(() => TensorToWrite.FromFloats("a", [2], new float[3]));
        Assert.Throws<ArgumentException>(() => TensorToWrite.FromFloats("a", [2], new float[2], TensorDType.I32));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TensorToWrite(new TensorInfo("a", TensorDType.U8, [-1, -1]), _ => { }));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static TensorToWrite Byte(string name) => TensorToWrite.FromBytes(name, TensorDType.U8, [], new byte[1]);

    private static float[] Read(SafetensorsFile file, string name)
    {
        var values = new float[file.Tensors[name].ElementCount];
        file.CopyTo(name, values);
        return values;
    }

    private static byte[] Bytes<T>(params T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    // Signed zeros differ, all NaNs are one.
    private static uint BitsOf(float value) => float.IsNaN(value) ? 0x7FC0_0000 : BitConverter.SingleToUInt32Bits(value);
}
