using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Target => _folder.File("a.txt");

    [Fact]
    public void A_new_file_has_the_content_and_nothing_is_left_beside_it()
    {
        AtomicFile.WriteAllText(Target, "é");
        Assert.Equal([0xC3, 0xA9], File.ReadAllBytes(Target));
        AtomicFile.WriteAllBytes(Target, new byte[] { 1, 2 });
        Assert.Equal([1, 2], File.ReadAllBytes(Target));
        OnlyTheTarget();
    }

    [Fact]
    public void The_old_content_stays_until_the_new_is_complete()
    {
        File.WriteAllText(Target, "old");
        AtomicFile.Write(Target, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(Target));
        });
        Assert.Equal("new", File.ReadAllText(Target));
        OnlyTheTarget();
    }

    [Fact]
    public void When_the_writer_throws_the_old_content_stays_and_its_exception_comes_out()
    {
        File.WriteAllText(Target, "old");
        var thrown = new InvalidOperationException("mine");
        var caught = Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write(new byte[1 << 20]);
            throw thrown;
        }));
        Assert.Same(thrown, caught);
        Assert.Equal("old", File.ReadAllText(Target));
        OnlyTheTarget();
    }

    [Fact]
    public void A_full_disk_is_named_and_the_old_content_stays()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full to fail like a full disk.");
        File.WriteAllText(Target, "old");
        var error = Assert.Throws<ConsistencyModelsException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write(new byte[10]);
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            full.Write(new byte[10]);
        }));
        Assert.Equal($"{Target}: disk is full; the file was not written", error.Message);
        Assert.Equal("old", File.ReadAllText(Target));
        OnlyTheTarget();
    }

    [Fact]
    public void Other_failures_name_the_file()
    {
        var inMissing = Path.Combine(_folder.Path, "no", "a.txt");
        Assert.Equal($"{inMissing}: its folder does not exist", Assert.Throws<ConsistencyModelsException>(() => AtomicFile.WriteAllText(inMissing, "")).Message);
        Directory.CreateDirectory(Target);
        Assert.Equal($"{Target}: this is a folder, expected a file", Assert.Throws<ConsistencyModelsException>(() => AtomicFile.WriteAllText(Target, "")).Message);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private void OnlyTheTarget() => Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Path));
}
