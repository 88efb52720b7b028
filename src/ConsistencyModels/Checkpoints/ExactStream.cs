using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Passes on exactly the bytes a tensor should have: one more or fewer would shift every tensor after it.</summary>
internal sealed class ExactStream(Stream inner, TensorToWrite tensor) : Stream
{
    private long _left = tensor.ByteCount;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void ThrowIfShort()
    {
        if (_left != 0)
        {
            throw new InvalidOperationException(
                $"The tensor {Printable.Quote(tensor.Info.Name)} wrote {tensor.ByteCount - _left} of its {tensor.ByteCount} bytes.");
        }
    }

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

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // The file is flushed once, at its end.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
