using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Files;

/// <summary>How a file that is mapped is replaced on Windows, by a move that refuses as Windows does.</summary>
public sealed class WindowsReplaceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public WindowsReplaceTests()
    {
        File.WriteAllText(_folder.File("new"), "new");
        File.WriteAllText(_folder.File("a"), "old");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_can_be_replaced_is_in_one_step()
    {
        var moves = 0;
        WindowsFiles.Replace(_folder.File("new"), _folder.File("a"), (from, to, over) =>
        {
            moves++;
            File.Move(from, to, over);
        });
        Assert.Equal((1, "new"), (moves, File.ReadAllText(_folder.File("a"))));
    }

    [Fact]
    public void What_is_mapped_goes_aside_and_is_gone_with_the_next_file()
    {
        File.WriteAllText(_folder.File($".a.{Guid.NewGuid():N}.old"), "of the time before");
        WindowsFiles.Replace(_folder.File("new"), _folder.File("a"), RefuseOver);
        Assert.Equal("new", File.ReadAllText(_folder.File("a")));
        Assert.Equal([_folder.File("a")], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void What_cannot_be_put_in_its_place_leaves_the_old_file_there()
    {
        Assert.Throws<IOException>(() => WindowsFiles.Replace(_folder.File("new"), _folder.File("a"), (from, to, over) =>
        {
            if (from == _folder.File("new"))
            {
                throw new IOException("refused");
            }

            File.Move(from, to, over);
        }));
        Assert.Equal("old", File.ReadAllText(_folder.File("a")));
        Assert.Equal(["a", "new"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_is_not_moved_aside_for_a_file()
    {
        Directory.CreateDirectory(_folder["folder"]);
        Assert.ThrowsAny<Exception>(() => WindowsFiles.Replace(_folder.File("new"), _folder["folder"], File.Move));
        Assert.True(Directory.Exists(_folder["folder"]));
    }

    [Fact]
    public void A_mapped_file_is_replaced_on_this_system()
    {
        using var mapped = MappedFile.Open(_folder.File("a"));
        AtomicFile.WriteAllText(_folder.File("a"), "whole");
        Assert.Equal("whole", File.ReadAllText(_folder.File("a")));
        Assert.Equal("old"u8, mapped.Span(0, 3));
    }

    private static void RefuseOver(string from, string to, bool over)
    {
        if (over && File.Exists(to))
        {
            throw new UnauthorizedAccessException("mapped");
        }

        File.Move(from, to, over);
    }
}
