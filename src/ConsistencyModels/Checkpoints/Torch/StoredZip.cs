using System.Buffers.Binary;
using System.Text;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Writes a zip file of stored, aligned entries in one pass; System.IO.Compression can neither align an entry's data nor store
/// more than 4 GB without a data descriptor, which PyTorch's reader does not take.
/// </summary>
internal sealed class StoredZip(Stream output, int alignment)
{
    private const ushort Zip64Extra = 1;
    private const ushort PaddingExtra = 0x4246; // "FB": what torch.save uses
    private const ushort Version = 45; // zip64
    private const uint In64 = uint.MaxValue;

    private readonly List<(byte[] Name, uint Crc, long Length, long Offset)> _entries = [];
    private long _position;

    /// <summary>Adds an entry.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="length">Its length.</param>
    /// <param name="write">Writes its content; called twice, since the checksum stands before it.</param>
    public void Add(string name, long length, Action<Stream> write)
    {
        var checksum = new Crc32Stream();
        write(checksum);
        var bytes = Encoding.UTF8.GetBytes(name);
        _entries.Add((bytes, checksum.Value, length, _position));

        var wide = length >= In64;
        var fixedLength = 30 + bytes.Length + (wide ? 20 : 0) + 4;
        var padding = (int)(-(_position + fixedLength) & (alignment - 1));
        var header = new Fields();
        header.UInt32(0x04034b50).UInt16(Version).UInt16(0).UInt16(0).UInt32(0x00210000).UInt32(checksum.Value)
            .UInt32(wide ? In64 : (uint)length).UInt32(wide ? In64 : (uint)length)
            .UInt16((ushort)bytes.Length).UInt16((ushort)((wide ? 20 : 0) + 4 + padding)).Bytes(bytes);
        if (wide)
        {
            header.UInt16(Zip64Extra).UInt16(16).Int64(length).Int64(length);
        }

        header.UInt16(PaddingExtra).UInt16((ushort)padding).Bytes(new byte[padding]);
        Write(header);
        write(output);
        _position += length;
    }

    /// <summary>Writes the directory.</summary>
    public void Finish()
    {
        var start = _position;
        foreach (var (name, crc, length, offset) in _entries)
        {
            var wideLength = length >= In64;
            var wideOffset = offset >= In64;
            var extra = (wideLength ? 16 : 0) + (wideOffset ? 8 : 0);
            var entry = new Fields();
            entry.UInt32(0x02014b50).UInt16(Version).UInt16(Version).UInt16(0).UInt16(0).UInt32(0x00210000).UInt32(crc)
                .UInt32(wideLength ? In64 : (uint)length).UInt32(wideLength ? In64 : (uint)length)
                .UInt16((ushort)name.Length).UInt16((ushort)(extra == 0 ? 0 : extra + 4)).UInt16(0).UInt16(0).UInt16(0).UInt32(0)
                .UInt32(wideOffset ? In64 : (uint)offset).Bytes(name);
            if (extra > 0)
            {
                entry.UInt16(Zip64Extra).UInt16((ushort)extra);
                if (wideLength)
                {
                    entry.Int64(length).Int64(length);
                }

                if (wideOffset)
                {
                    entry.Int64(offset);
                }
            }

            Write(entry);
        }

        // The 64-bit directory is always written: readers that do not need it skip it.
        var (size, end) = (_position - start, _position);
        var count = _entries.Count;
        var last = new Fields();
        last.UInt32(0x06064b50).Int64(44).UInt16(Version).UInt16(Version).UInt32(0).UInt32(0)
            .Int64(count).Int64(count).Int64(size).Int64(start)
            .UInt32(0x07064b50).UInt32(0).Int64(end).UInt32(1)
            .UInt32(0x06054b50).UInt16(0).UInt16(0)
            .UInt16((ushort)Math.Min(count, ushort.MaxValue)).UInt16((ushort)Math.Min(count, ushort.MaxValue))
            .UInt32((uint)Math.Min(size, In64)).UInt32((uint)Math.Min(start, In64)).UInt16(0);
        Write(last);
    }

    private void Write(Fields fields)
    {
        output.Write(fields.Span);
        _position += fields.Span.Length;
    }

    /// <summary>Little-endian numbers one after another.</summary>
    private sealed class Fields
    {
        private readonly List<byte> _bytes = [];

        public ReadOnlySpan<byte> Span => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);

        public Fields UInt16(ushort value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
            return Bytes(bytes);
        }

        public Fields UInt32(uint value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
            return Bytes(bytes);
        }

        public Fields Int64(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            return Bytes(bytes);
        }

        public Fields Bytes(ReadOnlySpan<byte> bytes)
        {
            _bytes.AddRange(bytes);
            return this;
        }
    }
}
