using System.IO.Hashing;

namespace ConsistencyModels.Checkpoints;

/// <summary>A stream that takes bytes and does nothing else.</summary>
internal abstract class WriteOnlyStream : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override void Write(ReadOnlySpan<byte> buffer);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is held back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>Takes what is written to it into a CRC-32.</summary>
internal sealed class Crc32Stream : WriteOnlyStream
{
    private readonly Crc32 _crc = new();

    public uint Value => _crc.GetCurrentHashAsUInt32();

    public override void Write(ReadOnlySpan<byte> buffer) => _crc.Append(buffer);
}

/// <summary>Passes on exactly the bytes a tensor should have: one more or fewer would shift every tensor after it.</summary>
internal sealed class ExactStream(Stream inner, TensorToWrite tensor) : WriteOnlyStream
{
    private long _left = tensor.ByteCount;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > _left)
        {
            throw new InvalidOperationException(
                $"The tensor {Printable.Quote(tensor.Info.Name)} wrote more than its {tensor.ByteCount} bytes.");
        }

        inner.Write(buffer);
        _left -= buffer.Length;
    }

    public void ThrowIfShort()
    {
        if (_left != 0)
        {
            throw new InvalidOperationException(
                $"The tensor {Printable.Quote(tensor.Info.Name)} wrote {tensor.ByteCount - _left} of its {tensor.ByteCount} bytes.");
        }
    }
}
