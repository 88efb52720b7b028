using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Tests.Formats;

/// <summary>Small files of the formats, made of numbers.</summary>
internal static class DataFiles
{
    public static byte[] Noise(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new System.Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Idx(byte[] values, params int[] dimensions)
    {
        byte[] header = new byte[4 + (4 * dimensions.Length)];
        (header[2], header[3]) = (8, (byte)dimensions.Length);
        for (int i = 0; i < dimensions.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), dimensions[i]);
        }

        return [.. header, .. values];
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    public static byte[] Npy(string dictionary, byte[] values, byte version = 1)
    {
        byte[] text = Encoding.Latin1.GetBytes(dictionary + "\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. values];
    }

    public static string Dictionary(string type, string shape) => $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";

    public static void Zip(string path, CompressionLevel level, params (string Name, byte[] Bytes)[] entries)
    {
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] bytes) in entries)
        {
            using Stream stream = archive.CreateEntry(name, level).Open();
            stream.Write(bytes);
        }
    }

    /// <summary>Records of CIFAR's from pictures.</summary>
    public static byte[] Cifar(IEnumerable<(byte[] Labels, ImageBuffer Image)> records) =>
        [.. records.SelectMany(record => record.Labels.Concat(Enumerable.Range(0, 3).SelectMany(c => Enumerable.Range(0, 1024).Select(i => record.Image.Pixels[(3 * i) + c]))))];

    public static string Refusal(string path, ImageDataSetOptions? options = null) =>
        Assert.Throws<ConsistencyModelsException>(() => Open(path, options).Dispose()).Message;

    public static ImageDataSet Open(string path, ImageDataSetOptions? options = null) =>
        ImageDataSets.Open(path, options ?? new(), progress: null, TestContext.Current.CancellationToken);
}
