using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Cpu;

public sealed class KnownHashesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_at_rest_are_read_once()
    {
        var known = new KnownHashes(_folder.Path);
        var identity = new FileIdentity(1, DateTimeOffset.UtcNow.AddSeconds(-30));
        Assert.Equal(7u, known.Get("a", () => [identity], () => 7));
        Assert.Equal(7u, known.Get("a", () => [identity], () => throw new InvalidOperationException()));
        Assert.Equal(8u, known.Get("b", () => [identity], () => 8));
        Assert.Equal(9u, known.Get("a", () => [identity with { Digest = 2 }], () => 9));
        Assert.Equal(10u, known.Get("a", () => [identity, identity], () => 10));
    }

    [Theory]
    [InlineData(-2)] // another change could carry the same time
    [InlineData(0)]
    [InlineData(100)] // a clock that was set back
    public void Files_changed_just_now_are_not_remembered(int seconds)
    {
        var known = new KnownHashes(_folder.Path);
        var identity = new FileIdentity(1, DateTimeOffset.UtcNow.AddSeconds(seconds));
        known.Get("a", () => [identity], () => 7);
        Assert.Equal(8u, known.Get("a", () => [identity], () => 8));
    }

    [Fact]
    public void Files_that_change_while_they_are_read_are_not_remembered()
    {
        var known = new KnownHashes(_folder.Path);
        var identity = new FileIdentity(1, DateTimeOffset.UtcNow.AddSeconds(-30));
        var now = identity;
        known.Get("a", () => [now], () =>
        {
            now = identity with { Digest = 2 };
            return 7;
        });
        Assert.Equal(8u, known.Get("a", () => [identity], () => 8));
    }

    [Fact]
    public void Damaged_notes_and_unknown_identities_mean_reading()
    {
        var known = new KnownHashes(_folder.Path);
        var identity = new FileIdentity(1, DateTimeOffset.UtcNow.AddSeconds(-30));
        known.Get("a", () => [identity], () => 7);
        File.WriteAllText(Assert.Single(Directory.GetFiles(_folder.Path)), "no hash");
        Assert.Equal(8u, known.Get("a", () => [identity], () => 8));
        Assert.Equal(9u, known.Get("a", () => null, () => 9));
    }

    [Fact]
    public void An_identity_shows_what_length_and_time_of_writing_hide()
    {
        var path = Path.Combine(_folder.Path, "file");
        File.WriteAllText(path, "one");
        var time = File.GetLastWriteTimeUtc(path);
        var first = Identity(path);
        Assert.Equal(first, Identity(path));
        Thread.Sleep(50); // longer than a tick of the file system's clock
        File.WriteAllText(path, "two");
        File.SetLastWriteTimeUtc(path, time);
        var second = Identity(path);

        Assert.NotNull(first);
        Assert.NotEqual(first, second);
        Assert.InRange(first.Value.Changed, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(2));
    }

    private static FileIdentity? Identity(string path)
    {
        using var file = File.OpenHandle(path);
        return FileIdentity.Of(file);
    }
}
