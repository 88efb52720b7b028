using System.Runtime.InteropServices;
using System.Text;
using ConsistencyModels.Data.Tests.Formats;

namespace ConsistencyModels.Data.Tests;

/// <summary>What is found below a folder, what is left out, and what is said of it.</summary>
public sealed partial class LinkedFolderTests : IDisposable
{
    private static readonly ImageDataSetOptions Eight = new() { Size = 8 };
    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Linked_folders_are_followed_each_once()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        (_files.Files["store/cat/a.png"], _files.Files["store/dog/deep/b.png"]) = (SampleFiles.Solid(8, 1, 2, 3), SampleFiles.Solid(8, 4, 5, 6));
        _files.Files["data/cow/c.png"] = SampleFiles.Solid(8, 7, 8, 9);
        string root = _files.AsFolder();
        string data = Path.Combine(root, "data");
        Directory.CreateSymbolicLink(Path.Combine(data, "cat"), Path.Combine("..", "store", "cat"));
        Directory.CreateSymbolicLink(Path.Combine(data, "dog"), Path.Combine(root, "store", "dog"));
        Directory.CreateSymbolicLink(Path.Combine(data, "alias"), "cow");
        Directory.CreateSymbolicLink(Path.Combine(data, "cow", "up"), "..");
        Directory.CreateSymbolicLink(Path.Combine(root, "store", "dog", "all"), root);
        Directory.CreateSymbolicLink(Path.Combine(data, "gone"), "nowhere");
        using ImageDataSet set = DataFiles.Open(data, Eight);
        Assert.Equal(["cat", "cow", "dog/deep"], set.ClassNames);
        Assert.Equal(["cat/a.png", "cow/c.png", "dog/deep/b.png"], Enumerable.Range(0, set.Count).Select(set.NameOf));
        Assert.Contains(set.Notes, note => note.EndsWith("in it by another way too, and read once, such as 'alias'", StringComparison.Ordinal));
        Assert.Contains("1 links lead to nothing, such as 'gone'", set.Notes);
    }

    [Fact]
    public void A_ring_of_links_is_read_once_by_whatever_way_it_is_entered()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        _files.Files["a/pic.png"] = SampleFiles.Solid(8, 1, 2, 3);
        string root = _files.AsFolder();
        Directory.CreateSymbolicLink(Path.Combine(root, "a", "up"), "..");
        Directory.CreateSymbolicLink(Path.Combine(root, "way"), "a");
        foreach (string way in new[] { root, Path.Combine(root, "way"), Path.Combine(root, "a", "up", "a") })
        {
            using ImageDataSet set = DataFiles.Open(way, Eight);
            Assert.Equal(1, set.Count);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_extension_of_jpeg_counts_and_kinds_that_are_not_read_are_counted(bool zipped)
    {
        byte[] jpeg = Imaging.ImageEncoder.Encode(SampleFiles.SolidImage(8, 8, 1, 2, 3), new() { Format = Imaging.ImageFormat.Jpeg });
        (_files.Files["x/a.jfif"], _files.Files["y/b.JPE"]) = (jpeg, jpeg);
        (_files.Files["z/c.tif"], _files.Files["z/d.TIF"], _files.Files["z/e.heic"], _files.Files["z/.f.tif"], _files.Files["z/g.txt"]) = ([1], [1], [1], [1], [1]);
        using (ImageDataSet set = DataFiles.Open(zipped ? _files.AsZip() : _files.AsFolder(), Eight))
        {
            Assert.Equal(["x", "y"], set.ClassNames);
            Assert.Equal("3 files look like pictures and are of kinds that are not read: 1 .heic, 2 .tif", Assert.Single(set.Notes));
        }

        _files.Files.Remove("x/a.jfif");
        _files.Files.Remove("y/b.JPE");
        Assert.EndsWith(
            "holds no images (.png, .jpg, .jpeg, .jpe, .jfif, .webp, .gif, .bmp); 3 files look like pictures and are of kinds that are not read: 1 .heic, 2 .tif.",
            DataFiles.Refusal(zipped ? _files.AsZip() : _files.AsFolder(), Eight));
    }

    [Fact]
    public void All_damaged_pictures_are_counted()
    {
        _files.Files["a.png"] = SampleFiles.Solid(8, 1, 2, 3);
        _files.Files["b.png"] = _files.Files["a.png"][..50];
        _files.Files["c.png"] = SampleFiles.Solid(32, 1, 2, 3);
        string folder = _files.AsFolder();
        Assert.Matches(
            @"b\.png: .* 2 of 3 pictures cannot be read; SkipUnreadable leaves them out \(cm train: --skip-damaged\)\.$",
            DataFiles.Refusal(folder, Eight with { MaxPixels = 1000 }));
        using ImageDataSet set = DataFiles.Open(folder, Eight with { MaxPixels = 1000, SkipUnreadable = true });
        Assert.Equal((1, 2), (set.Count, set.Skipped.Count));
    }

    [Theory]
    [InlineData("caf\u00e9", "a.png")]
    [InlineData("good", "caf\u00e9.png")]
    public void A_name_that_is_not_UTF_8_is_said(string folder, string file)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have no such names.");
        _files.Files["tea/a.png"] = SampleFiles.Solid(8, 1, 2, 3);
        string root = _files.AsFolder();
        byte[] Name(string text) => Encoding.Latin1.GetBytes($"{root}/{text}\0");
        Assert.Equal(0, MakeFolder(Name(folder), 0x1ED)); // 0755
        int handle = Create(Name($"{folder}/{file}"), 0x1ED);
        Assert.True(handle >= 0);
        Assert.Equal(0, Close(handle));
        try
        {
            Assert.Contains("is not UTF-8, so that it cannot be opened; rename it", DataFiles.Refusal(root, Eight));
        }
        finally
        {
            // .NET could not.
            Assert.Equal(0, Remove(Name($"{folder}/{file}")));
            Assert.Equal(0, Remove(Name(folder)));
        }
    }

    [Fact]
    public void An_encrypted_archive_is_called_so()
    {
        (_files.Files["cat/a.png"], _files.Files["dog/b.png"]) = (SampleFiles.Solid(8, 1, 2, 3), SampleFiles.Solid(8, 4, 5, 6));
        string zip = _files.AsZip();
        Encrypt("PK\u0003\u0004"u8, 6);
        Encrypt("PK\u0001\u0002"u8, 8);
        Assert.EndsWith($"{zip}: is encrypted; expected an archive without a password.", DataFiles.Refusal(zip, Eight));

        // Sets the first bit of the flags in every record of a kind.
        void Encrypt(ReadOnlySpan<byte> record, int flags)
        {
            byte[] bytes = File.ReadAllBytes(zip);
            for (int at = 0; bytes.AsSpan(at).IndexOf(record) is >= 0 and int next; at += next + 4)
            {
                bytes[at + next + flags] |= 1;
            }

            File.WriteAllBytes(zip, bytes);
        }
    }

    [Fact]
    public void A_pointer_of_Git_LFS_is_called_so_whatever_it_stands_for()
    {
        byte[] pointer = [.. "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"u8];
        (_files.Files["pictures/a.png"], _files.Files["parquet/train.parquet"], _files.Files["one.zip"]) = (pointer, pointer, pointer);
        string root = _files.AsFolder();
        Assert.All(
            (string[])["pictures", "parquet", "one.zip"],
            name => Assert.Contains("it is a Git LFS pointer", DataFiles.Refusal(Path.Combine(root, name), Eight)));
    }

    [LibraryImport("libc", EntryPoint = "mkdir")]
    private static partial int MakeFolder(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "creat")]
    private static partial int Create(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "remove")]
    private static partial int Remove(byte[] path);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
