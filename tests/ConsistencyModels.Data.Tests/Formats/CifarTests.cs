using System.Formats.Tar;
using System.IO.Compression;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data.Tests.Formats;

public sealed class CifarTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ImageBuffer[] _images = [.. Enumerable.Range(0, 7).Select(i => TestImages.Noise(32, 32, 3, i))];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_and_an_archive_hold_the_same()
    {
        string folder = Write();
        string archive = _folder.File("cifar-10-binary.tar.gz");
        using (FileStream file = File.Create(archive))
        using (GZipStream gzip = new(file, CompressionLevel.Fastest))
        {
            TarFile.CreateFromDirectory(folder, gzip, includeBaseDirectory: true);
        }

        using ImageDataSet data = DataFiles.Open(folder);
        Assert.Equal((5, 3, 32, 32), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal([0, 1, 2, 3, 4], data.Labels.ToArray());
        Assert.Equal("truck", data.ClassNames[9]);
        Assert.Equal(_images[3].Pixels, data.GetImage(3).Pixels);
        using ImageDataSet packed = DataFiles.Open(archive, new() { Split = "test" });
        Assert.Equal(2, packed.Count);
        Assert.Equal(_images[6].Pixels, packed.GetImage(1).Pixels);
        using ImageDataSet single = DataFiles.Open(Path.Combine(folder, "test_batch.bin"));
        Assert.Equal(packed.Fingerprint, single.Fingerprint);
    }

    [Fact]
    public void Names_come_from_the_file_beside_and_of_two_labels_the_fine_one_counts()
    {
        string folder = Write();
        File.WriteAllLines(Path.Combine(folder, "batches.meta.txt"), ["zero", "one", "two", "three", "four", ""]);
        using (ImageDataSet named = DataFiles.Open(folder))
        {
            Assert.Equal(["zero", "one", "two", "three", "four"], named.ClassNames);
        }

        File.WriteAllLines(Path.Combine(folder, "batches.meta.txt"), ["zero", "one"]);
        Assert.Contains("the label of image 2 is 2; expected 0 to 1", DataFiles.Refusal(folder));

        string hundred = Directory.CreateDirectory(_folder["cifar-100-binary"]).FullName;
        File.WriteAllBytes(Path.Combine(hundred, "train.bin"), DataFiles.Cifar([([7, 99], _images[0]), ([7, 5], _images[1])]));
        using ImageDataSet data = DataFiles.Open(hundred);
        Assert.Equal([99, 5], data.Labels.ToArray());
        Assert.Equal(100, data.ClassNames.Count);
        Assert.Equal(_images[1].Pixels, data.GetImage(1).Pixels);
    }

    [Fact]
    public void Wrong_lengths_and_missing_parts_are_named()
    {
        string folder = Write();
        Assert.Contains("holds no images of CIFAR's part 'val'", DataFiles.Refusal(folder, new() { Split = "val" }));
        string batch = Path.Combine(folder, "data_batch_2.bin");
        File.WriteAllBytes(batch, File.ReadAllBytes(batch)[..^1]);
        Assert.Equal($"{folder}: data_batch_2.bin has 6145 bytes; expected a multiple of 3073.", DataFiles.Refusal(folder));
        File.WriteAllBytes(batch, []);
        Assert.Contains("data_batch_2.bin has 0 bytes", DataFiles.Refusal(folder));
    }

    [Fact]
    public void An_archive_that_is_cut_short_ends_in_a_message()
    {
        string folder = Write();
        string archive = _folder.File("cifar.tar.gz");
        using (FileStream file = File.Create(archive))
        using (GZipStream gzip = new(file, CompressionLevel.Fastest))
        {
            TarFile.CreateFromDirectory(folder, gzip, includeBaseDirectory: false);
        }

        byte[] whole = File.ReadAllBytes(archive);
        for (int length = 100; length < whole.Length - 200; length += 1717)
        {
            File.WriteAllBytes(archive, whole[..length]);
            Assert.Contains(archive, DataFiles.Refusal(archive));
        }
    }

    private string Write()
    {
        string folder = Directory.CreateDirectory(_folder["cifar-10-batches-bin"]).FullName;
        (byte[] Labels, ImageBuffer Image)[] all = [.. _images.Select((image, i) => (new[] { (byte)i }, image))];
        File.WriteAllBytes(Path.Combine(folder, "data_batch_1.bin"), DataFiles.Cifar(all[..3]));
        File.WriteAllBytes(Path.Combine(folder, "data_batch_2.bin"), DataFiles.Cifar(all[3..5]));
        File.WriteAllBytes(Path.Combine(folder, "test_batch.bin"), DataFiles.Cifar(all[5..]));
        return folder;
    }
}
