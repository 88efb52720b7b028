using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Files;

namespace ConsistencyModels.Tests.Files;

/// <summary>What is cached for one user is his alone.</summary>
public sealed class CacheFolderSafetyTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Everybody = (UnixFileMode)0x1ff;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_of_the_users_own_is_safe()
    {
        Directory.CreateDirectory(_folder["a", "b"]);
        CacheFolders.ThrowIfOthersMayWrite(_folder["a", "b"]);
        CacheFolders.ThrowIfOthersMayWrite(_folder["a", "b", "not there yet"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_above_it_where_everybody_writes_is_not(bool byLink)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions.");
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder["open", "mine"], Private);
            File.SetUnixFileMode(_folder["open"], Everybody);
        }

        var path = _folder["open", "mine"];
        if (byLink)
        {
            File.CreateSymbolicLink(_folder["link"], path);
            path = _folder["link"];
        }

        Assert.Contains("other users may write here", Assert.Throws<ConsistencyModelsException>(() => CacheFolders.ThrowIfOthersMayWrite(path)).Message);
    }

    [Fact]
    public void Another_users_folder_is_refused_though_root_could_make_it_private()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Only root gives folders away.");
        Directory.CreateDirectory(_folder["theirs", "private"]);
        using (var chown = System.Diagnostics.Process.Start("chown", ["12345", _folder["theirs"]]))
        {
            chown.WaitForExit();
        }

        Assert.Contains("belongs to user 12345", Assert.Throws<ConsistencyModelsException>(() => CacheFolders.ThrowIfOthersMayWrite(_folder["theirs", "private"])).Message);
    }

    [Fact]
    public void Packed_weights_are_for_their_user_whichever_of_their_folders_is_made_first()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such permissions.");
        File.WriteAllText(_folder["x"], "x");
        using var file = File.OpenHandle(_folder["x"]);
        Assert.SkipWhen(FileIdentity.Of(file) is null, "The system does not tell files apart.");
        new KnownHashes(_folder["cache", "packed", "known"]).Remember("x", [FileIdentity.Of(file)!.Value], 1);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(Private, File.GetUnixFileMode(_folder["cache", "packed"]));
            Assert.Equal(Private, File.GetUnixFileMode(_folder["cache", "packed", "known"]));
        }
    }
}
