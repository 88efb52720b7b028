using System.Buffers;

namespace ConsistencyModels.Checkpoints;

/// <summary>A tensor on its way into a file. Its bytes are produced while they are written: nothing is copied ahead.</summary>
public sealed class TensorToWrite
{
    private const int Chunk = 1 << 16; // floats converted at a time

    /// <summary>Describes a tensor whose bytes a delegate streams.</summary>
    /// <param name="info">Name, element type and shape as stored. No dimension is negative.</param>
    /// <param name="write">Writes exactly the elements' little-endian bytes, first to last. It may be called once for each file written.</param>
    public TensorToWrite(TensorInfo info, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(write);
        foreach (var dimension in info.Shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension, nameof(info));
        }

        Info = info;
        Write = write;
        ByteCount = checked(info.ElementCount * info.DType.Size());
    }

    /// <summary>Name, element type and shape as stored.</summary>
    public TensorInfo Info { get; }

    /// <summary>Bytes it takes in the file.</summary>
    public long ByteCount { get; }

    /// <summary>Writes the elements' little-endian bytes, <see cref="ByteCount"/> of them, to a stream.</summary>
    public Action<Stream> Write { get; }

    /// <summary>A tensor that is already in stored form.</summary>
    /// <param name="name">The key to store it under.</param>
    /// <param name="dtype">Element type of the bytes.</param>
    /// <param name="shape">Dimensions; empty for a scalar.</param>
    /// <param name="bytes">Little-endian elements.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit the shape.</exception>
    public static TensorToWrite FromBytes(string name, TensorDType dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
    {
        var tensor = new TensorToWrite(new TensorInfo(name, dtype, shape), stream => stream.Write(bytes.Span));
        return tensor.ByteCount == bytes.Length
            ? tensor
            : throw new ArgumentException($"{Printable.Quote(name)} has {bytes.Length} bytes, its shape {tensor.ByteCount}.", nameof(bytes));
    }

    /// <summary>A float32 tensor, stored as it is or narrowed on the way out (to nearest, ties to even).</summary>
    /// <param name="name">The key to store it under.</param>
    /// <param name="shape">Dimensions; empty for a scalar.</param>
    /// <param name="values">The elements; read when the file is written, not copied.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <exception cref="ArgumentException">The number of elements does not fit the shape, or another element type.</exception>
    public static TensorToWrite FromFloats(
        string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values, TensorDType dtype = TensorDType.F32)
    {
        ThrowUnlessFloat(dtype);
        var tensor = new TensorToWrite(new TensorInfo(name, dtype, shape), stream => WriteFloats(stream, values.Span, dtype));
        return tensor.Info.ElementCount == values.Length
            ? tensor
            : throw new ArgumentException(
                $"{Printable.Quote(name)} has {values.Length} elements, its shape {tensor.Info.ElementCount}.", nameof(values));
    }

    /// <summary>A tensor of another file, copied byte for byte, or converted through float32.</summary>
    /// <param name="source">Where it is; must stay open until the file is written.</param>
    /// <param name="name">Its key there.</param>
    /// <param name="dtype">F32, F16 or BF16 to convert; null, or what it is, to copy. Converting holds one tensor in memory as float32.</param>
    /// <param name="newName">The key to store it under, if another.</param>
    /// <exception cref="KeyNotFoundException">The source has no tensor of that name.</exception>
    /// <exception cref="ArgumentException">A conversion to another element type.</exception>
    public static TensorToWrite FromSource(ITensorSource source, string name, TensorDType? dtype = null, string? newName = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var info = source.Tensors[name];
        if (newName is not null)
        {
            info = info with { Name = newName };
        }

        if (dtype is null || dtype == info.DType)
        {
            return new TensorToWrite(info, stream => stream.Write(source.Bytes(name)));
        }

        ThrowUnlessFloat(dtype.Value);
        return new TensorToWrite(info with { DType = dtype.Value }, stream =>
        {
            var values = new float[info.ElementCount];
            source.CopyTo(name, values);
            WriteFloats(stream, values, dtype.Value);
        });
    }

    private static void ThrowUnlessFloat(TensorDType dtype)
    {
        if (dtype is not (TensorDType.F32 or TensorDType.F16 or TensorDType.BF16))
        {
            throw new ArgumentException($"float32 can be stored as F32, F16 or BF16, not as {dtype.FormatName()}.", nameof(dtype));
        }
    }

    private static void WriteFloats(Stream stream, ReadOnlySpan<float> values, TensorDType dtype)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk * dtype.Size());
        try
        {
            while (!values.IsEmpty)
            {
                var part = values[..Math.Min(Chunk, values.Length)];
                var bytes = buffer.AsSpan(0, part.Length * dtype.Size());
                FloatConversion.FromSingle(dtype, part, bytes);
                stream.Write(bytes);
                values = values[part.Length..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
