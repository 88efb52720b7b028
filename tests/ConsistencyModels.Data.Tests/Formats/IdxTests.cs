namespace ConsistencyModels.Data.Tests.Formats;

public sealed class IdxTests : IDisposable
{
    private const int Count = 5;
    private static readonly byte[] Pixels = DataFiles.Noise(Count * 6 * 6, 1);
    private static readonly byte[] Labels = [3, 0, 9, 3, 1];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_pair_of_files_is_a_data_set_of_its_own_size(bool packed, bool mixed)
    {
        string images = Write("train", packed, packed && !mixed);
        using ImageDataSet data = DataFiles.Open(images);
        Assert.Equal((Count, 1, 6, 6), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal([3, 0, 9, 3, 1], data.Labels.ToArray());
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], data.ClassNames);
        Assert.Equal(Pixels, Enumerable.Range(0, Count).SelectMany(i => data.GetImage(i).Pixels));
        Assert.Equal("image 4", data.NameOf(4));
    }

    [Fact]
    public void A_folder_gives_the_part_that_is_asked_for()
    {
        Write("train", true, true);
        Write("t10k", true, true, count: 2);
        using ImageDataSet train = DataFiles.Open(_folder.Path);
        using ImageDataSet test = DataFiles.Open(_folder.Path, new() { Split = "test" });
        Assert.Equal((Count, 2), (train.Count, test.Count));
        Assert.Contains("no idx file of pictures for 'other'", DataFiles.Refusal(_folder.Path, new() { Split = "other" }));
    }

    [Fact]
    public void Sizes_and_channels_can_be_others_and_classes_left_out()
    {
        string images = Write("train", false, false);
        using ImageDataSet data = DataFiles.Open(images, new() { Size = 12, Channels = 3 });
        Assert.Equal((3, 12, 12), (data.Channels, data.Height, data.Width));
        File.Delete(images.Replace("images", "labels").Replace("idx3", "idx1"));
        Assert.Contains("its labels are not beside it", DataFiles.Refusal(images));
        using ImageDataSet unlabelled = DataFiles.Open(images, new() { ClassesFrom = ClassRule.None });
        Assert.Equal(["."], unlabelled.ClassNames);
    }

    [Theory]
    [InlineData(6, 6, 6, "more than the file can hold")]
    [InlineData(4, 6, 6, "more data than the 4 pictures")]
    [InlineData(0, 6, 6, "expected 1 to")]
    [InlineData(5, 0, 6, "expected 1 to")]
    [InlineData(-1, 6, 6, "expected 1 to")]
    [InlineData(5, -1, -1, "expected 1 to")]
    [InlineData(0x7fffffff, 0x7fffffff, 0x7fffffff, "expected 1 to")]
    public void Headers_that_lie_are_refused(int count, int height, int width, string part)
    {
        foreach (bool packed in new[] { false, true })
        {
            string images = Write("train", packed, packed);
            byte[] lie = DataFiles.Idx(Pixels, count, height, width);
            File.WriteAllBytes(images, packed ? DataFiles.Gzip(lie) : lie);
            File.WriteAllBytes(images.Replace("images", "labels").Replace("idx3", "idx1"), packed ? DataFiles.Gzip(DataFiles.Idx(new byte[Math.Clamp(count, 0, 9)], count)) : DataFiles.Idx(new byte[Math.Clamp(count, 0, 9)], count));
            string message = DataFiles.Refusal(images);
            Assert.StartsWith(images, message);

            // Of a packed file it is not known how long it is before it has been read.
            Assert.True(message.Contains(part, StringComparison.Ordinal) || (packed && message.Contains("cut short", StringComparison.Ordinal)), message);
        }
    }

    [Fact]
    public void Every_cut_and_every_damaged_byte_of_the_header_ends_in_a_message()
    {
        string images = Write("train", true, true);
        byte[] packed = File.ReadAllBytes(images);
        for (int length = 0; length < packed.Length - 9; length += 7) // the last eight bytes are a checksum
        {
            File.WriteAllBytes(images, packed[..length]);
            Assert.Contains(images, DataFiles.Refusal(images));
        }

        string labels = images.Replace("images", "labels").Replace("idx3", "idx1");
        File.WriteAllBytes(images, packed);
        File.WriteAllBytes(labels, DataFiles.Idx(Labels[..4], 4));
        Assert.Equal($"{labels}: holds 4 labels; expected the 5 of {images}.", DataFiles.Refusal(images));
        File.WriteAllBytes(labels, DataFiles.Idx(Labels[..4], 5));
        Assert.Equal($"{labels}: cut short in its labels.", DataFiles.Refusal(images));
        File.WriteAllBytes(labels, [1, 2, 3, 4, 5]);
        Assert.Contains("is no idx file of bytes: it begins with 01020304", DataFiles.Refusal(images));
    }

    private string Write(string part, bool packed, bool packedLabels, int count = Count)
    {
        string images = _folder.File($"{part}-images-idx3-ubyte{(packed ? ".gz" : "")}");
        string labels = _folder.File($"{part}-labels-idx1-ubyte{(packedLabels ? ".gz" : "")}");
        byte[] idx = DataFiles.Idx(Pixels[..(count * 36)], count, 6, 6);
        File.WriteAllBytes(images, packed ? DataFiles.Gzip(idx) : idx);
        idx = DataFiles.Idx(Labels[..count], count);
        File.WriteAllBytes(labels, packedLabels ? DataFiles.Gzip(idx) : idx);
        return images;
    }
}
