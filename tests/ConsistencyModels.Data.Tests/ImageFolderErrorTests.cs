using System.Buffers.Binary;

namespace ConsistencyModels.Data.Tests;

public sealed class ImageFolderErrorTests
{
    private static readonly ImageDataSetOptions Native = new() { Size = 8, Crop = ImageCrop.None, ClassesFrom = ClassRule.Folders };

    [Fact]
    public void Missing_and_wrong_sources_are_named()
    {
        Assert.Contains("/no/such/place: not found", Message("/no/such/place", Native));
        using SampleFiles files = new();
        files.Files["notes.txt"] = [1];
        string folder = files.AsFolder();
        Assert.Contains("holds no images", Message(folder, Native));
        Assert.Contains("holds no images", Message(files.AsZip(), Native));
        Assert.Contains("notes.txt: is no data set that can be read", Message(Path.Combine(folder, "notes.txt"), Native));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_image_is_named_or_left_out_on_request(bool zipped)
    {
        using SampleFiles files = SampleFiles.Typical();
        files.Files["mon/bad.png"] = [.. files.Files["mon/00.png"].Take(100)];
        files.Files["mon/text.jpg"] = [.. "no image"u8];
        string path = zipped ? files.AsZip() : files.AsFolder();
        Assert.Matches("mon/(bad.png|text.jpg): ", Message(path, Native));
        using ImageDataSet data = SampleFiles.Open(path, Native with { SkipUnreadable = true });
        Assert.Equal(12, data.Count);
        Assert.Equal(3, data.Skipped.Count);
        Assert.Contains(data.Skipped, s => s.Contains("mon/text.jpg: not an image", StringComparison.Ordinal));
    }

    [Fact]
    public void Limits_are_kept()
    {
        using SampleFiles files = SampleFiles.Typical();
        foreach (string path in new[] { files.AsFolder(), files.AsZip() })
        {
            Assert.Contains("more than 15 files", Message(path, Native with { MaxEntries = 15 }));
            Assert.Equal(12, SampleFiles.Count(path, Native with { MaxEntries = 16 }));
            Assert.Contains("at most 50 are accepted", Message(path, Native with { MaxFileBytes = 50 }));
            Assert.Contains("at most 60 are accepted", Message(path, Native with { MaxPixels = 60 }));
        }
    }

    [Theory]
    [InlineData(0x7FFFFFFF, "at most")]
    [InlineData(10_000, "the entry has another length")]
    [InlineData(10, "not an image")]
    public void An_archive_that_lies_about_a_length_is_refused(int claimed, string part)
    {
        using SampleFiles files = new();
        files.Files["a/one.png"] = SampleFiles.Solid(8, 1, 2, 3);
        string zip = files.AsZip();
        byte[] bytes = File.ReadAllBytes(zip);

        // The uncompressed size in the one record of the central directory.
        int record = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(record + 24), claimed);
        File.WriteAllBytes(zip, bytes);
        string message = Message(zip, Native);
        Assert.Contains("a/one.png: ", message);
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60_000_000, 3, "60000000 bytes in 3 compressed ones, which cannot be")]
    [InlineData(-1, 100, "-1 bytes in 100 compressed ones, which cannot be")]
    [InlineData(100, -5, "100 bytes in -5 compressed ones, which cannot be")]
    [InlineData(long.MinValue, long.MinValue, "which cannot be")]
    [InlineData(100, 1_000_000_000, "which cannot be")]
    public void An_archive_with_impossible_sizes_of_64_bits_is_refused(long size, long compressed, string part)
    {
        using SampleFiles files = new();
        files.Files["a/one.png"] = SampleFiles.Solid(8, 1, 2, 3);
        string zip = files.AsZip();
        byte[] bytes = File.ReadAllBytes(zip);

        // The sizes of the central directory's record go to an extra field of 20 bytes behind the name.
        int record = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8);
        int extra = record + 46 + "a/one.png".Length;
        byte[] sizes = [1, 0, 16, 0, .. BitConverter.GetBytes(size), .. BitConverter.GetBytes(compressed)];
        bytes.AsSpan(record + 20, 8).Fill(0xff);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(record + 30), (short)sizes.Length);
        bytes = [.. bytes[..extra], .. sizes, .. bytes[extra..]];
        int end = bytes.AsSpan().IndexOf("PK\u0005\u0006"u8);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(end + 12), end - record);
        File.WriteAllBytes(zip, bytes);
        string message = Message(zip, Native);
        Assert.Contains("a/one.png: ", message);
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_damaged_byte_of_an_archive_gives_the_data_or_a_message()
    {
        using SampleFiles files = SampleFiles.Typical();
        string zip = files.AsZip();
        byte[] whole = File.ReadAllBytes(zip);
        System.Random random = new(1);
        for (int i = 0; i < 600; i++)
        {
            // Half of the damage is in the directory at the end.
            byte[] damaged = [.. whole];
            damaged[i % 2 == 0 ? whole.Length - 1 - random.Next(1000) : random.Next(whole.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(zip, i % 10 == 9 ? damaged[..random.Next(whole.Length)] : damaged);
            foreach (bool skip in new[] { false, true })
            {
                try
                {
                    SampleFiles.Open(zip, Native with { SkipUnreadable = skip }).Dispose();
                }
                catch (ConsistencyModelsException e)
                {
                    Assert.Contains(zip, e.Message);
                }
            }
        }
    }

    [Fact]
    public void A_class_without_images_is_named()
    {
        using SampleFiles files = SampleFiles.Typical();
        string folder = files.AsFolder();
        Assert.EndsWith("the class 'fish' has no images of 8x8.", Message(folder, Native with { Classes = ClassMap.Parse("mon,fish=sea") }));
        Assert.EndsWith("holds no usable images of 9x9.", Message(folder, Native with { Size = 9 }));
        Assert.EndsWith("holds no usable images of 8x8.", Message(folder, Native with { Classes = ClassMap.Parse("fish") }));
    }

    [Fact]
    public void Wrong_options_are_refused_and_cancelling_ends_it()
    {
        using SampleFiles files = SampleFiles.Typical();
        string folder = files.AsFolder();
        Assert.Throws<ArgumentOutOfRangeException>(() => SampleFiles.Open(folder, Native with { Size = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SampleFiles.Open(folder, Native with { Channels = 4 }));
        Assert.ThrowsAny<OperationCanceledException>(() => ImageDataSets.Open(folder, Native, cancellation: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_loop_of_linked_directories_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        using SampleFiles files = SampleFiles.Typical();
        string folder = files.AsFolder();
        Directory.CreateSymbolicLink(Path.Combine(folder, "mon", "loop"), folder);
        File.CreateSymbolicLink(Path.Combine(folder, "mon", "linked.png"), Path.Combine(folder, "mon", "00.png"));
        Assert.Equal(13, SampleFiles.Count(folder, Native));
    }

    private static string Message(string path, ImageDataSetOptions options) =>
        Assert.Throws<ConsistencyModelsException>(() => SampleFiles.Open(path, options)).Message;
}
