using System.Text;
using ConsistencyModels.Data.Tests.Formats;

namespace ConsistencyModels.Data.Tests;

public sealed class ClassRuleTests : IDisposable
{
    private static readonly ImageDataSetOptions Eight = new() { Size = 8 };

    private readonly SampleFiles _files = new();

    public ClassRuleTests()
    {
        foreach (string path in new[] { "train/cat_001.png", "train/cat_002.png", "train/sub/dog_1_2.png", "train/owl.png", "test/cat_003.png" })
        {
            _files.Files[path] = SampleFiles.Solid(8, (byte)path.Length, 0, 0);
        }
    }

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_part_of_a_name_before_the_first_underscore_can_be_the_class(bool zipped)
    {
        using ImageDataSet data = DataFiles.Open(zipped ? _files.AsZip() : _files.AsFolder(), Eight with { ClassesFrom = ClassRule.Prefix });
        Assert.Equal(["cat", "dog", "owl.png"], data.ClassNames);
        Assert.Equal([0, 0, 0, 2, 1], data.Labels.ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_part_is_a_sub_folder_and_all_can_be_one_class(bool zipped)
    {
        string path = zipped ? _files.AsZip() : _files.AsFolder();
        using ImageDataSet train = DataFiles.Open(path, Eight with { Split = "train" });
        Assert.Equal([".", "sub"], train.ClassNames);
        Assert.Equal(["cat_001.png", "cat_002.png", "owl.png", "sub/dog_1_2.png"], Enumerable.Range(0, 4).Select(train.NameOf));
        using ImageDataSet single = DataFiles.Open(path, Eight with { ClassesFrom = ClassRule.None });
        Assert.Equal((5, 1), (single.Count, single.ClassNames.Count));
        Assert.Contains("has no sub-folder 'val'", DataFiles.Refusal(path, Eight with { Split = "val" }));
        Assert.Contains("is not the name of a sub-folder", DataFiles.Refusal(path, Eight with { Split = "../other" }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Edms_labels_are_read(bool zipped)
    {
        _files.Files.Clear();
        for (int i = 0; i < 3; i++)
        {
            _files.Files[$"00000/img0000000{i}.png"] = SampleFiles.Solid(8, (byte)i, 0, 0);
        }

        string Path() => zipped ? _files.AsZip() : _files.AsFolder();
        Json("""{"labels": [["00000/img00000002.png", 4], ["00000\\img00000000.png", 1], ["00000/img00000001.png", 0]]}""");
        using (ImageDataSet data = DataFiles.Open(Path(), Eight))
        {
            Assert.Equal([1, 0, 4], data.Labels.ToArray());
            Assert.Equal(["0", "1", "2", "3", "4"], data.ClassNames);
        }

        Json("""{"labels": null}""");
        using (ImageDataSet unlabelled = DataFiles.Open(Path(), Eight))
        {
            Assert.Equal(["."], unlabelled.ClassNames);
        }

        using (ImageDataSet folders = DataFiles.Open(Path(), Eight with { ClassesFrom = ClassRule.Folders }))
        {
            Assert.Equal(["00000"], folders.ClassNames);
        }

        foreach ((string json, string part) in new[]
        {
            ("""{"labels": [["00000/img00000002.png", 4]]}""", "has no label for '00000/img00000000.png'"),
            ("""{"labels": [["00000/img00000000.png", -1], ["00000/img00000001.png", 0], ["00000/img00000002.png", 0]]}""", "a label is -1"),
            ("""{"labels": [["00000/img00000000.png", 2000000000], ["00000/img00000001.png", 0], ["00000/img00000002.png", 0]]}""", "a label is 2000000000"),
            ("""{"labels": [["00000/img00000000.png", [0.5, 0.5]]]}""", "expected [\"path\", class]"),
            ("""{"labels": {"a": 1}}""", "expected [\"path\", class]"),
            ("""{"label": []}""", "has no 'labels'"),
            ("""[1, 2]""", "has no 'labels'"),
            ("""{"labels": [[""", "is not JSON"),
            ("", "is not JSON"),
        })
        {
            Json(json);
            string message = DataFiles.Refusal(Path(), Eight);
            Assert.Contains("dataset.json: ", message);
            Assert.Contains(part, message);
        }

        void Json(string text) => _files.Files["dataset.json"] = Encoding.UTF8.GetBytes(text);
    }

    [Fact]
    public void A_map_of_folders_is_for_folders_only()
    {
        using TempFolder folder = new();
        string npz = folder.File("a.npz");
        DataFiles.Zip(
            npz,
            System.IO.Compression.CompressionLevel.Fastest,
            ("arr_0.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(1, 4, 4)"), new byte[16])),
            ("arr_1.npy", DataFiles.Npy(DataFiles.Dictionary("|u1", "(1,)"), [0])));
        Assert.Contains("has labels of its own", DataFiles.Refusal(npz, new() { Classes = ClassMap.Parse("a=b") }));
    }

    [Fact]
    public void What_is_no_data_set_is_said_so()
    {
        using TempFolder folder = new();
        string text = folder.File("notes.txt");
        File.WriteAllText(text, "not pictures");
        Assert.Equal($"{text}: is no data set that can be read; expected a folder or .zip of pictures, CIFAR's binary version, idx files, .npz, or .parquet.", DataFiles.Refusal(text, Eight));
        Assert.Contains("not found; expected a folder or .zip", DataFiles.Refusal(folder.File("missing"), Eight));
        File.WriteAllBytes(text, []);
        Assert.Contains("is no data set", DataFiles.Refusal(text, Eight));
        Assert.Contains("the size of the images has to be given", DataFiles.Refusal(_files.AsZip(), new()));
    }
}
