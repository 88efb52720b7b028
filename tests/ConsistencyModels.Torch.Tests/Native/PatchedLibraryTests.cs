using System.Runtime.Versioning;
using System.Security.Cryptography;
using ConsistencyModels.Files;
using ConsistencyModels.Torch.Native;

namespace ConsistencyModels.Torch.Tests.Native;

[SupportedOSPlatform("linux")]
public sealed class PatchedLibraryTests : IDisposable
{
    private const UnixFileMode OnlyMe = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly TempFolder _cache = new();

    public PatchedLibraryTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The copy is for Linux only.");

    [Fact]
    public void The_copy_lies_in_a_private_folder_named_by_the_hash_and_is_made_once()
    {
        var copy = PatchedLibrary.Create(ShippedLibrary.Path, _cache.Path);
        var folder = Path.GetDirectoryName(copy)!;
        var original = File.ReadAllBytes(ShippedLibrary.Path);
        Assert.Equal(Path.GetFileName(ShippedLibrary.Path), Path.GetFileName(copy));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(original))[..16], Path.GetFileName(folder));
        Assert.Equal([copy], Directory.GetFiles(_cache.Path, "*", SearchOption.AllDirectories));
        Assert.Equal(OnlyMe, File.GetUnixFileMode(folder));

        // One flag of one entry is all that differs.
        var patched = File.ReadAllBytes(copy);
        Assert.Equal(original.Length, patched.Length);
        Assert.Equal(1, original.Zip(patched).Count(pair => pair.First != pair.Second));

        var old = DateTime.UnixEpoch.AddYears(40);
        File.SetLastWriteTimeUtc(copy, old);
        Assert.Equal(copy, PatchedLibrary.Create(ShippedLibrary.Path, _cache.Path));
        Assert.Equal(old, File.GetLastWriteTimeUtc(copy));
    }

    [Fact]
    public void A_copy_that_was_changed_is_replaced_and_its_folder_closed()
    {
        var copy = PatchedLibrary.Create(ShippedLibrary.Path, _cache.Path);
        var right = File.ReadAllBytes(copy);
        File.WriteAllBytes(copy, right[..^1]);
        var folder = Path.GetDirectoryName(copy)!;
        File.SetUnixFileMode(folder, OnlyMe | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
        PatchedLibrary.Create(ShippedLibrary.Path, _cache.Path);
        Assert.Equal(right, File.ReadAllBytes(copy));
        Assert.Equal(OnlyMe, File.GetUnixFileMode(folder));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_is_named()
    {
        var file = _cache.File("file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<ConsistencyModelsException>(() => PatchedLibrary.Create(ShippedLibrary.Path, file));
        Assert.StartsWith(file, error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"set {CacheFolders.OwnVariable} to a folder of yours", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _cache.Dispose();
}
