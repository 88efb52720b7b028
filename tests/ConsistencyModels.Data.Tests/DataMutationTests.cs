using System.IO.Compression;
using System.Text;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Data.Tests.Formats;

namespace ConsistencyModels.Data.Tests;

/// <summary>Damaged data sets of every form, read to their last picture; decoding has its own tests.</summary>
public sealed class DataMutationTests
{
    private static readonly byte[][] JsonTokens =
    [
        "[[[[["u8.ToArray(), "\"\\ud800\""u8.ToArray(), "-1"u8.ToArray(), "1e9"u8.ToArray(), "2147483648"u8.ToArray(), "null"u8.ToArray(), "{}"u8.ToArray(), "[]"u8.ToArray(), "\\u001b\\n"u8.ToArray(), [0xff], ","u8.ToArray(),
    ];

    private static readonly byte[][] NpyTokens =
    [
        "(9999999999,)"u8.ToArray(), "'<f8'"u8.ToArray(), "'|u1'"u8.ToArray(), "True"u8.ToArray(), "("u8.ToArray(), ")"u8.ToArray(), "-1"u8.ToArray(), "'"u8.ToArray(), "\\"u8.ToArray(), "{"u8.ToArray(), [0xff, 0xff],
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Zips_of_pictures(bool directory)
    {
        byte[] Make(CompressionLevel level) => Zipped(level, ("a/1.png", SampleFiles.Solid(2, 1, 2, 3)), ("b/2.png", SampleFiles.Solid(2, 3, 2, 1)), ("dataset.json", "{\"labels\": [[\"a/1.png\", 0], [\"b/2.png\", 1]]}"u8.ToArray()));
        Run(directory ? "zip directory" : "zip", "data.zip", [Make(CompressionLevel.NoCompression), Make(CompressionLevel.Optimal)], directory ? Mutations.Zip : null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Npz(bool directory)
    {
        byte[] Make(CompressionLevel level) => Zipped(
            level,
            ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(3, 2, 2, 3)"), DataFiles.Noise(36, 1))),
            ("arr_1.npy", DataFiles.Npy(DataFiles.Dictionary("<i8", "(3,)"), [.. new long[] { 0, 2, 1 }.SelectMany(BitConverter.GetBytes)])));
        Run(directory ? "npz directory" : "npz", "batch.npz", [Make(CompressionLevel.NoCompression), Make(CompressionLevel.Optimal)], directory ? Mutations.Zip : (seed, random) => WithCrc(seed, random));
    }

    [Fact]
    public void Idx()
    {
        byte[] pictures = DataFiles.Idx(DataFiles.Noise(3 * 4 * 4, 2), 3, 4, 4);
        Run("idx", "train-images-idx3-ubyte", [pictures, DataFiles.Gzip(pictures)], null, ("train-labels-idx1-ubyte", DataFiles.Idx([0, 1, 2], 3)));
        Run("idx labels", "train-labels-idx1-ubyte", [DataFiles.Idx([0, 1, 2], 3)], null, ("train-images-idx3-ubyte", pictures));
    }

    [Fact]
    public void Cifar()
    {
        byte[] batch = DataFiles.Cifar([([3], TestImages.Noise(32, 32, 3, 1)), ([7], TestImages.Noise(32, 32, 3, 2))]);

        // The labels are where something can be wrong: two bytes of six thousand.
        Run("cifar", "data_batch_1.bin", [batch], (seed, random) =>
        {
            byte[] bytes = random.Next(3) == 0 ? Mutations.Bytes(seed, random, []) : (byte[])seed.Clone();
            bytes[random.Next(2) * 3073 % bytes.Length] = (byte)random.Next(14);
            return bytes;
        });
    }

    [Theory]
    [InlineData(CompressionMethodName.None)]
    [InlineData(CompressionMethodName.Snappy)]
    [InlineData(CompressionMethodName.Gzip)]
    public async Task Parquet(CompressionMethodName method)
    {
        using ScratchFile scratch = new("seed.parquet");
        await ParquetFiles.Write(scratch.Name, [.. Enumerable.Range(0, 4).Select(i => SampleFiles.Solid(2, (byte)i, 0, 0))], [0, 1, 0, 1], new() { CompressionMethod = Enum.Parse<global::Parquet.CompressionMethod>(method.ToString()) });
        byte[] seed = await File.ReadAllBytesAsync(scratch.Name, TestContext.Current.CancellationToken);
        Run($"parquet {method}", "train.parquet", [seed], null);
    }

    [Fact]
    public void Class_maps() => Mutations.Run(
        "class map",
        Mutations.Many,
        ["floor=dngn/floor,wall=dngn/wall,monster=mon:-mon/tentacles,effect"u8.ToArray()],
        bytes => ClassMap.Parse(Encoding.UTF8.GetString(bytes)).TryGetLabel("mon/undead/ghost.png", out _),
        tokens: [","u8.ToArray(), "="u8.ToArray(), ":"u8.ToArray(), "-"u8.ToArray(), "/"u8.ToArray(), "\n\u001b"u8.ToArray(), Encoding.UTF8.GetBytes(new string('x', 3000))]);

    [Fact]
    public void Dataset_json() => Mutations.Run(
        "dataset.json",
        Mutations.Many,
        ["{\"labels\": [[\"a/1.png\", 0], [\"b\\\\2.png\", 1]], \"other\": {\"x\": [1, 2.5, null]}}"u8.ToArray()],
        bytes => DatasetJson.Assign(bytes, new TwoPictures()),
        tokens: JsonTokens);

    private static void Run(string kind, string name, byte[][] seeds, Func<byte[], System.Random, byte[]>? mutate, (string Name, byte[] Bytes)? beside = null)
    {
        using ScratchFile file = new(name);
        if (beside is { } other)
        {
            File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(file.Name)!, other.Name), other.Bytes);
        }

        string opened = beside is { Name: var image } && image.Contains("images", StringComparison.Ordinal) ? Path.Combine(Path.GetDirectoryName(file.Name)!, image) : file.Name;
        Mutations.Run(kind, Mutations.Many, seeds, bytes =>
        {
            file.With(bytes);
            using IPictureSource source = ImageDataSets.OpenSource(opened, new ImageDataSetOptions { MaxPixels = 1 << 20 });
            foreach (PendingPicture pending in source.ReadAll())
            {
                _ = pending.Encoded?.Invoke();
            }
        }, mutate, NpyTokens);
    }

    private static byte[] Zipped(CompressionLevel level, params (string Name, byte[] Bytes)[] entries)
    {
        using ScratchFile scratch = new("seed.zip");
        DataFiles.Zip(scratch.Name, level, entries);
        return File.ReadAllBytes(scratch.Name);
    }

    // The headers of stored arrays change: .NET's reader looks at no checksum of what is stored.
    private static byte[] WithCrc(byte[] seed, System.Random random)
    {
        int start = seed.AsSpan().IndexOf("descr"u8);
        if (start < 0 || random.Next(4) == 0)
        {
            return Mutations.Bytes(seed, random, NpyTokens);
        }

        byte[] header = Mutations.Bytes(seed[start..(start + 60)], random, NpyTokens);
        Array.Resize(ref header, 60);
        return [.. seed.AsSpan(0, start), .. header, .. seed.AsSpan(start + 60)];
    }

    /// <summary>How a parquet file's pages are packed.</summary>
    public enum CompressionMethodName
    {
        /// <summary>They are not.</summary>
        None,

        /// <summary>Snappy.</summary>
        Snappy,

        /// <summary>Gzip.</summary>
        Gzip,
    }

    private sealed class TwoPictures : IImageSource
    {
        public string Name => "set";

        public IReadOnlyList<string> Paths { get; } = ["a/1.png", "b/2.png"];

        public IReadOnlyList<string> Notes => [];

        public byte[] Read(int index) => [];

        public byte[]? ReadRootFile(string name) => null;

        public IEnumerable<string> Identity() => [];

        public void Dispose()
        {
        }
    }
}
