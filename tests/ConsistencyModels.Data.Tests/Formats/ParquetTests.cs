using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;
using Parquet;

namespace ConsistencyModels.Data.Tests.Formats;

public sealed class ParquetTests : IDisposable
{
    private static readonly ImageDataSetOptions Eight = new() { Size = 8 };

    private readonly TempFolder _folder = new();
    private readonly ImageBuffer[] _images = [.. Enumerable.Range(0, 8).Select(i => TestImages.Noise(8, 8, 3, i))];

    private byte[][] Encoded => [.. _images.Select(image => ImageEncoder.Encode(image))];

    private static long[] Labels => [0, 2, 1, 2, 0, 1, 1, 2];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Brotli)]
    [InlineData(CompressionMethod.Zstd)]
    public async Task A_file_of_another_writer_is_a_data_set(CompressionMethod method)
    {
        string file = _folder.File("train.parquet");
        await ParquetFiles.Write(file, Encoded, Labels, new() { CompressionMethod = method });
        using ImageDataSet data = DataFiles.Open(file, Eight);
        Assert.Equal((8, 3, 8, 8), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal(Labels.Select(label => (int)label), data.Labels.ToArray());
        Assert.Equal(["cat", "dog", "owl"], data.ClassNames);
        Assert.Equal("train.parquet, row 7", data.NameOf(7));
        for (int i = 0; i < data.Count; i++)
        {
            Assert.Equal(_images[i].Pixels, data.GetImage(i).Pixels);
        }
    }

    [Fact]
    public async Task A_dictionary_of_pictures_and_of_labels_is_read()
    {
        string file = _folder.File("a.parquet");
        byte[][] repeated = [.. Enumerable.Range(0, 40).Select(i => Encoded[i % 2])];
        await ParquetFiles.Write(file, repeated, [.. Enumerable.Range(0, 40).Select(i => (long)(i % 3))], new() { DictionaryEncodingThreshold = 0.9 }, perGroup: 40);
        using ImageDataSet data = DataFiles.Open(file, Eight);
        Assert.Equal(40, data.Count);
        for (int i = 0; i < data.Count; i++)
        {
            Assert.Equal(i % 3, data.Labels[i]);
            Assert.Equal(_images[i % 2].Pixels, data.GetImage(i).Pixels);
        }
    }

    [Fact]
    public async Task A_folder_of_shards_gives_the_part_that_is_asked_for()
    {
        string data = Directory.CreateDirectory(_folder["data"]).FullName;
        await ParquetFiles.Write(Path.Combine(data, "train-00000-of-00002.parquet"), Encoded[..5], Labels[..5]);
        await ParquetFiles.Write(Path.Combine(data, "train-00001-of-00002.parquet"), Encoded[5..7], Labels[5..7]);
        await ParquetFiles.Write(Path.Combine(data, "test-00000-of-00001.parquet"), Encoded[7..], Labels[7..]);
        using ImageDataSet train = DataFiles.Open(_folder.Path, Eight);
        using ImageDataSet test = DataFiles.Open(_folder.Path, Eight with { Split = "test" });
        Assert.Equal((7, 1), (train.Count, test.Count));
        Assert.Equal(_images[6].Pixels, train.GetImage(6).Pixels);
        Assert.Equal("train-00001-of-00002.parquet, row 0", train.NameOf(5));
        Assert.Contains("has no part 'val'; expected one of test, train", DataFiles.Refusal(_folder.Path, Eight with { Split = "val" }));
    }

    [Fact]
    public async Task Columns_can_be_named_and_labels_be_missing()
    {
        string file = _folder.File("a.parquet");
        await ParquetFiles.Write(file, Encoded, Labels, image: "picture", label: "kind", features: null);
        using (ImageDataSet unlabelled = DataFiles.Open(file, Eight))
        {
            Assert.Equal(["."], unlabelled.ClassNames);
        }

        using ImageDataSet data = DataFiles.Open(file, Eight with { ImageColumn = "picture", LabelColumn = "kind" });
        Assert.Equal(["0", "1", "2"], data.ClassNames);
        Assert.Contains("has no column 'other'; its columns are picture.bytes, picture.path, kind", DataFiles.Refusal(file, Eight with { LabelColumn = "other" }));
        Assert.Contains("has no column of pictures 'kind'", DataFiles.Refusal(file, Eight with { ImageColumn = "kind" }));
        Assert.Contains("expected whole numbers", DataFiles.Refusal(file, Eight with { LabelColumn = "picture.path" }));
    }

    [Fact]
    public async Task Rows_without_a_picture_or_a_label_are_named()
    {
        string file = _folder.File("a.parquet");
        byte[]?[] images = Encoded;
        images[4] = null;
        await ParquetFiles.Write(file, images, Labels);
        Assert.StartsWith($"{file}: row 4 has no picture", DataFiles.Refusal(file, Eight));
        using ImageDataSet data = DataFiles.Open(file, Eight with { SkipUnreadable = true });
        Assert.Equal(7, data.Count);
        Assert.StartsWith($"{file}: row 4 has no picture", Assert.Single(data.Skipped));
        await ParquetFiles.Write(file, Encoded, [.. Enumerable.Repeat(-1L, 8)]);
        Assert.Contains("the label of row 0 is -1", DataFiles.Refusal(file, Eight));
        await ParquetFiles.Write(file, Encoded, [.. Enumerable.Repeat(3L, 8)]);
        Assert.Contains("the label of image 0 is 3; expected 0 to 2", DataFiles.Refusal(file, Eight));
    }

    [Fact]
    public async Task Packing_that_is_not_read_is_refused()
    {
        string file = _folder.File("a.parquet");
        await ParquetFiles.Write(file, Encoded, Labels, new() { CompressionMethod = CompressionMethod.Lz4Raw });
        Assert.Contains("packed with the codec 7, which is not supported", DataFiles.Refusal(file, Eight));
    }

    [Theory]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Zstd)]
    public async Task Every_cut_and_every_damaged_byte_gives_the_data_or_a_message(CompressionMethod method)
    {
        string file = _folder.File("a.parquet");
        await ParquetFiles.Write(file, Encoded[..3], Labels[..3], new() { CompressionMethod = method });
        byte[] whole = File.ReadAllBytes(file);
        for (int length = 0; length < whole.Length; length += 13)
        {
            File.WriteAllBytes(file, whole[..length]);
            Assert.Contains(file, DataFiles.Refusal(file, Eight));
        }

        System.Random random = new(1);
        for (int i = 0; i < 600; i++)
        {
            byte[] damaged = [.. whole];
            int at = i < 250 ? whole.Length - 1 - random.Next(Math.Min(900, whole.Length)) : random.Next(whole.Length);
            damaged[at] = (byte)random.Next(256);
            File.WriteAllBytes(file, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                DataFiles.Open(file, Eight with { Threads = 1 }).Dispose();
            }
            catch (ConsistencyModelsException e)
            {
                Assert.Contains(file, e.Message);
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 << 20, $"byte {at} = {damaged[at]}: too much memory");
        }
    }
}
