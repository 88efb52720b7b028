namespace ConsistencyModels.Data;

/// <summary>
/// Decoded images [N, H, W, C] as bytes, in blocks of whole images because one .NET array ends at 2 GiB.
/// Different images may be written from different threads.
/// </summary>
internal sealed class PixelStore
{
    private const int BlockBytes = 1 << 28;

    private readonly byte[][] _blocks;
    private readonly int _imagesPerBlock;
    private readonly int _imageLength;

    public PixelStore(int count, int imageLength)
    {
        _imageLength = imageLength;
        _imagesPerBlock = Math.Max(1, BlockBytes / imageLength);
        _blocks = new byte[(count + _imagesPerBlock - 1) / _imagesPerBlock][];
        for (int i = 0; i < _blocks.Length; i++)
        {
            int images = Math.Min(_imagesPerBlock, count - (i * _imagesPerBlock));
            _blocks[i] = GC.AllocateUninitializedArray<byte>(images * imageLength);
        }
    }

    public Span<byte> this[int index] =>
        _blocks[index / _imagesPerBlock].AsSpan(index % _imagesPerBlock * _imageLength, _imageLength);
}
