using System.IO.Compression;
using ConsistencyModels.Data.Sources;

namespace ConsistencyModels.Data.Formats;

/// <summary>Files of numbers, plain or in gzip.</summary>
internal static class DataStreams
{
    /// <summary>Deflate makes at most 1032 bytes of one.</summary>
    private const int MostExpansion = 1032;

    public static bool IsGzip(ReadOnlySpan<byte> start) => start is [0x1f, 0x8b, ..];

    /// <summary>The first bytes of a file, unpacked if it is gzip; fewer where it is shorter.</summary>
    public static byte[] Start(string path, int count)
    {
        using Stream stream = Open(path, out _);
        return Guard(path, () =>
        {
            byte[] start = new byte[count];
            return start[..stream.ReadAtLeast(start, count, throwOnEndOfStream: false)];
        });
    }

    /// <summary>Opens a file, to be read from its beginning.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">How many bytes it can have at most once unpacked.</param>
    public static Stream Open(string path, out long most)
    {
        FileStream? file = null;
        try
        {
            file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16);
            Span<byte> start = stackalloc byte[2];
            int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            file.Position = 0;
            bool packed = IsGzip(start[..read]);
            most = packed ? Math.Min(file.Length, long.MaxValue / MostExpansion) * MostExpansion : file.Length;
            return packed ? new GZipStream(file, CompressionMode.Decompress) : file;
        }
        catch (Exception e) when (ZipFiles.IsDamage(e))
        {
            file?.Dispose();
            throw new ConsistencyModelsException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Fills a span, or says what the file is too short for.</summary>
    public static void ReadExactly(Stream stream, Span<byte> destination, string path, string what)
    {
        int read;
        try
        {
            read = stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (ZipFiles.IsDamage(e))
        {
            throw new ConsistencyModelsException($"{path}: {what} cannot be read: {e.Message}", e);
        }

        if (read < destination.Length)
        {
            throw new ConsistencyModelsException($"{path}: cut short in {what}.");
        }
    }

    /// <summary>Says so if there is more in a stream than was expected.</summary>
    public static void ExpectEnd(Stream stream, string path, string expected)
    {
        if (Guard(path, stream.ReadByte) >= 0)
        {
            throw new ConsistencyModelsException($"{path}: has more data than {expected}.");
        }
    }

    /// <summary>Runs something that reads, with the file's name on what goes wrong.</summary>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (ZipFiles.IsDamage(e) || e is FormatException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>Checks how many pictures of a shape there are said to be, before anything is allocated for them.</summary>
    /// <exception cref="ConsistencyModelsException">There are none or too many, or they are too large, or more than the file can hold.</exception>
    public static (int Count, PictureShape Shape) CheckShape(string path, ReadOnlySpan<long> dimensions, long most, ImageDataSetOptions options)
    {
        string shape = string.Join(" x ", dimensions.ToArray());
        (long count, long height, long width, long channels) = dimensions switch
        {
            [var n, var h, var w] => (n, h, w, 1L),
            [var n, var h, var w, var c] => (n, h, w, c),
            _ => throw new ConsistencyModelsException($"{path}: has an array of {dimensions.Length} dimensions; expected pictures x height x width, with or without x channels."),
        };
        if (channels is not (1 or 3 or 4))
        {
            throw new ConsistencyModelsException($"{path}: the array is {shape}; expected 1, 3 or 4 channels last.");
        }

        if (count < 1 || count > options.MaxEntries || height < 1 || width < 1 || height > options.MaxPixels || width > options.MaxPixels
            || height * width > Math.Min(options.MaxPixels, Array.MaxLength / 4))
        {
            throw new ConsistencyModelsException(
                $"{path}: the array is {shape}; expected 1 to {options.MaxEntries} pictures of at most {options.MaxPixels} pixels.");
        }

        if (height * width * channels > most / count)
        {
            throw new ConsistencyModelsException($"{path}: the header says {shape} bytes, more than the file can hold.");
        }

        return ((int)count, new((int)width, (int)height, (int)channels));
    }
}
