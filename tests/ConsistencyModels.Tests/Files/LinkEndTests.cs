using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Files;

public sealed class LinkEndTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cm-ends-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_length_is_that_of_what_is_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        string In(string name) => Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(In("file"), new byte[1000]);
        File.CreateSymbolicLink(In("one"), "file");
        File.CreateSymbolicLink(In("two"), In("one"));
        File.CreateSymbolicLink(In("gone"), "nowhere");
        Assert.All((string[])["file", "one", "two"], name => Assert.Equal(1000, LinkEnd.InfoOf(In(name)).Length));
        Assert.Equal(In("gone"), LinkEnd.InfoOf(In("gone")).FullName);
        Assert.False(LinkEnd.InfoOf(In("nothing")).Exists);
    }
}
