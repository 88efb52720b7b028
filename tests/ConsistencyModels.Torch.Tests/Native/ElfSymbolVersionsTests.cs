using ConsistencyModels.Torch.Native;

namespace ConsistencyModels.Torch.Tests.Native;

/// <summary>Whatever the file, the answer is yes or no and never an exception or a walk without end.</summary>
public class ElfSymbolVersionsTests
{
    private static readonly byte[] Library = File.ReadAllBytes(ShippedLibrary.Path);

    [Fact]
    public void Finds_the_version_that_is_there_and_no_other()
    {
        Assert.True(ElfSymbolVersions.MakeWeak(Library.ToArray(), ShippedLibrary.Version));
        var untouched = Library.ToArray();
        Assert.False(ElfSymbolVersions.MakeWeak(untouched, "GLIBCXX_9.9.99"));
        Assert.Equal(Library, untouched);
    }

    [Fact]
    public void A_truncated_file_has_no_versions()
    {
        // Cut before the sections' headers, which are at the end. A few bytes more and the search may still succeed.
        foreach (var length in new[] { 0, 1, 5, 6, 63, 64, 65, 1000, Library.Length / 2, Library.Length - 5000 })
        {
            Assert.False(ElfSymbolVersions.MakeWeak(Library.AsSpan(0, length).ToArray(), ShippedLibrary.Version), $"{length} bytes");
        }
    }

    [Fact]
    public void Anything_in_the_tables_is_bounded()
    {
        // The file header, and the place of the version table itself: every field of them with every extreme value.
        var (table, names) = Tables();
        int[] places = [.. Enumerable.Range(32, 32), .. Enumerable.Range(table, 200), .. Enumerable.Range(names, 64)];
        foreach (var place in places)
        {
            foreach (var value in new byte[] { 0, 1, 0x7f, 0x80, 0xff })
            {
                var file = Library.ToArray();
                for (var i = 0; i < 8; i++)
                {
                    file[place + i] = value;
                    ElfSymbolVersions.MakeWeak(file, ShippedLibrary.Version);
                }
            }
        }
    }

    [Fact]
    public void Noise_after_a_right_beginning_is_bounded()
    {
        var random = new System.Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var file = new byte[random.Next(64, 4096)];
            random.NextBytes(file);
            Library.AsSpan(0, 6).CopyTo(file);
            Assert.False(ElfSymbolVersions.MakeWeak(file, ShippedLibrary.Version));
        }
    }

    // Where the library's version table is (its one changed byte lies in it), and the section header that describes it.
    private static (int Table, int Header) Tables()
    {
        var changed = Library.ToArray();
        ElfSymbolVersions.MakeWeak(changed, ShippedLibrary.Version);
        var flag = Enumerable.Range(0, Library.Length).Single(i => changed[i] != Library[i]);
        var sections = (int)BitConverter.ToUInt64(Library, 40);
        var header = Enumerable.Range(0, BitConverter.ToUInt16(Library, 60)).Select(i => sections + (64 * i))
            .Single(start => BitConverter.ToUInt32(Library, start + 4) == 0x6ffffffe);
        var offset = (int)BitConverter.ToUInt64(Library, header + 24);
        Assert.InRange(flag, offset, offset + (int)BitConverter.ToUInt64(Library, header + 32));
        return (offset, header);
    }
}
