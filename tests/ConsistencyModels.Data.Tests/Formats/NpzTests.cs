using System.IO.Compression;

namespace ConsistencyModels.Data.Tests.Formats;

public sealed class NpzTests : IDisposable
{
    private static readonly byte[] Pixels = DataFiles.Noise(4 * 3 * 5 * 3, 1);

    private readonly TempFolder _folder = new();

    private string File => _folder.File("batch.npz");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(CompressionLevel.NoCompression, "<i8", 8)]
    [InlineData(CompressionLevel.Optimal, "<i4", 4)]
    [InlineData(CompressionLevel.Optimal, "|u1", 1)]
    [InlineData(CompressionLevel.Optimal, "<i2", 2)]
    public void Openais_batches_are_data_sets(CompressionLevel level, string type, int size)
    {
        byte[] labels = [.. new[] { 2, 0, 1, 2 }.SelectMany(label => BitConverter.GetBytes((long)label).Take(size))];
        DataFiles.Zip(
            File,
            level,
            ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(4, 3, 5, 3)"), Pixels)),
            ("arr_1.npy", DataFiles.Npy(DataFiles.Dictionary(type, "(4,)"), labels, version: 2)));
        using ImageDataSet data = DataFiles.Open(File);
        Assert.Equal((4, 3, 3, 5), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal([2, 0, 1, 2], data.Labels.ToArray());
        Assert.Equal(["0", "1", "2"], data.ClassNames);
        Assert.Equal(Pixels, Enumerable.Range(0, 4).SelectMany(i => data.GetImage(i).Pixels));
    }

    [Fact]
    public void Arrays_of_parts_without_channels_and_labels_of_two_dimensions_are_read()
    {
        DataFiles.Zip(
            File,
            CompressionLevel.Fastest,
            ("train_images.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(5, 6, 6)"), Pixels)),
            ("train_labels.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(5, 1)"), [0, 1, 0, 1, 1])),
            ("test_images.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(1, 6, 6)"), Pixels[..36])));
        using ImageDataSet train = DataFiles.Open(File);
        using ImageDataSet test = DataFiles.Open(File, new() { Split = "test" });
        Assert.Equal((5, 1, 2), (train.Count, train.Channels, train.ClassNames.Count));
        Assert.Equal((1, 1), (test.Count, test.ClassNames.Count));
        Assert.Contains("has no array of pictures of the part 'val'; expected arr_0", DataFiles.Refusal(File, new() { Split = "val" }));
    }

    [Theory]
    [InlineData("{'descr': '|u1', 'fortran_order': True, 'shape': (4, 3, 5, 3), }", "column by column")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3, 5, 3), }", "numbers of type '<f4'; expected bytes")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (4, 3, 5, 2), }", "expected 1, 3 or 4 channels last")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (180,), }", "an array of 1 dimensions")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (5, 3, 5, 3), }", "cut short in image 4 of 5")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 3, 5, 3), }", "more data than the 3 pictures")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000, 3, 5, 3), }", "more than the file can hold")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 3000000, 5000000, 3), }", "expected 1 to")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 1, 1), }", "no shape that can be read")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (-4, 3, 5, 3), }", "no shape that can be read")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1), }", "no shape that can be read")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, }", "no descr or no shape")]
    [InlineData("{'descr': '|u1', 'shape': __import__('os').system('true'), }", "no '(' where one was expected")]
    [InlineData("{'descr': [('r', '|u1')], 'fortran_order': False, 'shape': (4,), }", "no text where one was expected")]
    [InlineData("{'other': '|u1', }", "the key 'other'")]
    [InlineData("{'descr': '|u1", "no text where one was expected")]
    [InlineData("{'descr': '|u1', 'descr': '|u1', }", "the key 'descr'")]
    [InlineData("", "an end in the middle")]
    public void Headers_that_lie_or_are_no_such_dictionary_are_refused(string dictionary, string part)
    {
        DataFiles.Zip(File, CompressionLevel.NoCompression, ("arr_0.npy", DataFiles.Npy(dictionary, Pixels)));
        string message = DataFiles.Refusal(File);
        Assert.StartsWith($"{File}/arr_0.npy: ", message);
        Assert.True(message.Contains(part, StringComparison.Ordinal) || (part.StartsWith("cut", StringComparison.Ordinal) && message.Contains("can hold", StringComparison.Ordinal)), message);
    }

    [Theory]
    [InlineData("<f8", "(4,)", 8, "expected whole numbers")]
    [InlineData("<i8", "(5,)", 8, "is 5; expected a label for each of 4 pictures")]
    [InlineData("<i8", "(4, 10)", 8, "is 4 x 10; expected a label for each of 4 pictures")]
    [InlineData("<i8", "(4,)", 1, "more than its")]
    [InlineData("|i1", "(4,)", 1, "label 2 is -1")]
    public void Labels_that_are_no_classes_are_refused(string type, string shape, int size, string part)
    {
        byte[] labels = [0, 1, 255, 0, .. new byte[(4 * size) - 4]];
        DataFiles.Zip(
            File,
            CompressionLevel.Fastest,
            ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(4, 3, 5, 3)"), Pixels)),
            ("arr_1.npy", DataFiles.Npy(DataFiles.Dictionary(type, shape), labels)));
        string message = DataFiles.Refusal(File);
        Assert.True(message.Contains(part, StringComparison.Ordinal) || message.Contains("cut short", StringComparison.Ordinal), message);
    }

    [Fact]
    public void Every_cut_ends_in_a_message()
    {
        DataFiles.Zip(File, CompressionLevel.Fastest, ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(4, 3, 5, 3)"), Pixels)));
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length < whole.Length; length += 5)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            Assert.Contains(File, DataFiles.Refusal(File));
        }
    }
}
