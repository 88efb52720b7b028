using System.IO.Compression;
using ZstdSharp;

namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>Unpacks pages. What is said about sizes is checked against what is there before memory is taken for it.</summary>
internal static class Packing
{
    /// <summary>Unpacks bytes.</summary>
    /// <param name="codec">The number of the format.</param>
    /// <param name="packed">The packed bytes.</param>
    /// <param name="length">How many there must be once unpacked.</param>
    public static byte[] Unpack(int codec, byte[] packed, int length) => codec switch
    {
        0 => packed.Length == length ? packed : throw new InvalidDataException($"a page has {packed.Length} bytes, and its header says {length}"),
        1 => Snappy.Unpack(packed, length),
        2 => Read(new GZipStream(new MemoryStream(packed), CompressionMode.Decompress), length),
        4 => ReadBrotli(packed, length),
        6 => ReadZstd(packed, length),
        _ => throw new InvalidDataException($"it is packed with the codec {codec}, which is not supported; expected snappy, gzip, brotli, zstd or none"),
    };

    private static byte[] ReadBrotli(byte[] packed, int length)
    {
        try
        {
            return Read(new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress), length);
        }
        catch (InvalidOperationException e)
        {
            // What .NET's stream says of data that are wrong.
            throw new InvalidDataException($"a page packed with brotli is damaged: {e.Message}", e);
        }
    }

    private static byte[] ReadZstd(byte[] packed, int length)
    {
        try
        {
            return Read(new DecompressionStream(new MemoryStream(packed)), length);
        }
        catch (ZstdException e)
        {
            throw new InvalidDataException($"a page packed with zstd is damaged: {e.Message}", e);
        }
    }

    private static byte[] Read(Stream stream, int length)
    {
        // Memory grows with what arrives.
        using (stream)
        {
            MemoryStream all = new();
            byte[] part = new byte[1 << 16];
            int read;
            while ((read = stream.Read(part)) > 0)
            {
                if (all.Length + read > length)
                {
                    throw new InvalidDataException($"a page has more bytes than the {length} its header says");
                }

                all.Write(part, 0, read);
            }

            return all.Length == length ? all.ToArray() : throw new InvalidDataException($"a page has {all.Length} bytes, and its header says {length}");
        }
    }
}

/// <summary>
/// Unpacks Snappy's block format (google/snappy, format_description.txt): the length, then pieces that are either given or copied from what came
/// before.
/// </summary>
internal static class Snappy
{
    /// <summary>Three bytes make at most 64.</summary>
    private const int MostExpansion = 22;

    public static byte[] Unpack(ReadOnlySpan<byte> packed, int length)
    {
        int at = 0;
        if (Length(packed, ref at) != length || length / MostExpansion > packed.Length)
        {
            throw new InvalidDataException($"a page of {packed.Length} bytes packed with snappy is not {length} bytes as its header says");
        }

        byte[] result = new byte[length];
        int done = 0;
        while (at < packed.Length)
        {
            int tag = packed[at++];
            if ((tag & 3) == 0)
            {
                int size = tag >> 2;
                if (size >= 60)
                {
                    size = (int)Math.Min(Number(packed, ref at, size - 59), int.MaxValue - 1);
                }

                size++;
                if (size > packed.Length - at || size > result.Length - done)
                {
                    throw Damaged();
                }

                packed.Slice(at, size).CopyTo(result.AsSpan(done));
                at += size;
                done += size;
            }
            else
            {
                int size = (tag & 3) == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
                long back = (tag & 3) == 1 ? ((tag >> 5) * 256L) + Number(packed, ref at, 1) : Number(packed, ref at, (tag & 3) == 2 ? 2 : 4);
                if (back < 1 || back > done || size > result.Length - done)
                {
                    throw Damaged();
                }

                // What is copied may be what is being written: byte by byte.
                for (int from = done - (int)back; size > 0; size--)
                {
                    result[done++] = result[from++];
                }
            }
        }

        return done == length ? result : throw Damaged();
    }

    private static long Length(ReadOnlySpan<byte> packed, ref int at)
    {
        long value = 0;
        for (int shift = 0; shift < 35 && at < packed.Length; shift += 7)
        {
            byte part = packed[at++];
            value |= (long)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }

        throw Damaged();
    }

    private static long Number(ReadOnlySpan<byte> packed, ref int at, int bytes)
    {
        if (bytes > packed.Length - at)
        {
            throw Damaged();
        }

        long value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= (long)packed[at++] << (8 * i);
        }

        return value;
    }

    private static InvalidDataException Damaged() => new("a page packed with snappy is damaged");
}

/// <summary>Parquet's mixture of run lengths and packed bits: small numbers, such as levels and places in a dictionary.</summary>
internal static class RunLengths
{
    /// <summary>Reads numbers of a width in bits; gives how many bytes they took.</summary>
    public static int Read(ReadOnlySpan<byte> bytes, int width, Span<int> values)
    {
        if (width is < 0 or > 32)
        {
            throw new InvalidDataException($"numbers have {width} bits");
        }

        int at = 0;
        for (int done = 0; done < values.Length;)
        {
            ulong header = Header(bytes, ref at);
            if ((header & 1) == 0)
            {
                int count = (int)Math.Min(header >> 1, (ulong)(values.Length - done));
                int value = 0;
                for (int i = 0; i < (width + 7) / 8; i++)
                {
                    value |= Byte(bytes, ref at) << (8 * i);
                }

                if (count == 0)
                {
                    throw new InvalidDataException("a run is empty");
                }

                values.Slice(done, count).Fill(value);
                done += count;
            }
            else
            {
                done += Bits(bytes, ref at, width, header >> 1, values[done..]);
            }
        }

        return at;
    }

    private static int Bits(ReadOnlySpan<byte> bytes, ref int at, int width, ulong groups, Span<int> values)
    {
        if (groups == 0 || (width > 0 && groups > (ulong)(bytes.Length - at)))
        {
            throw new InvalidDataException("packed numbers are cut short");
        }

        int count = (int)Math.Min(groups * 8, (ulong)values.Length);
        int length = (int)Math.Min(groups * (ulong)width, (ulong)(bytes.Length - at));
        ReadOnlySpan<byte> packed = bytes.Slice(at, length);
        at += length;
        for (int i = 0; i < count; i++)
        {
            uint value = 0;
            for (int bit = 0; bit < width; bit++)
            {
                long place = ((long)i * width) + bit;
                if (place / 8 >= packed.Length)
                {
                    throw new InvalidDataException("packed numbers are cut short");
                }

                value |= (uint)((packed[(int)(place / 8)] >> (int)(place % 8)) & 1) << bit;
            }

            values[i] = (int)value;
        }

        return count;
    }

    private static ulong Header(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            int part = Byte(bytes, ref at);
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("a run has too long a header");
    }

    private static int Byte(ReadOnlySpan<byte> bytes, ref int at) => at < bytes.Length ? bytes[at++] : throw new InvalidDataException("runs are cut short");
}
