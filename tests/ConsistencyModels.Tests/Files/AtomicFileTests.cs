using System.Diagnostics;
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
    public void A_link_stays_and_what_it_leads_to_is_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        Directory.CreateDirectory(_folder["far"]);
        File.WriteAllText(_folder["far", "real"], "old");
        File.CreateSymbolicLink(_folder["far", "link"], "real");
        File.CreateSymbolicLink(_folder["full"], _folder["far", "link"]);
        File.CreateSymbolicLink(_folder["nothing"], Path.Combine("far", "new"));
        AtomicFile.WriteAllText(_folder["full"], "a");
        AtomicFile.WriteAllText(_folder["nothing"], "b");

        // .NET takes the target of a relative path's link for one at the root.
        AtomicFile.WriteAllText(Path.GetRelativePath(Environment.CurrentDirectory, _folder["far", "link"]), "c");
        Assert.Equal(("c", "b"), (File.ReadAllText(_folder["far", "real"]), File.ReadAllText(_folder["far", "new"])));
        Assert.All((string[])[_folder["far", "link"], _folder["full"], _folder["nothing"]], link => Assert.NotNull(new FileInfo(link).LinkTarget));
        File.CreateSymbolicLink(_folder["ring"], "ring");
        Assert.Contains("ring: its links lead nowhere", Assert.Throws<ConsistencyModelsException>(() => AtomicFile.WriteAllText(_folder["ring"], "d")).Message);
    }

    [Fact]
    public async Task A_pipe_is_written_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes of this kind.");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [Target]))
        {
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var reading = Task.Run(() => File.ReadAllText(Target), TestContext.Current.CancellationToken);
        await Task.Run(() => AtomicFile.WriteAllText(Target, "through"), TestContext.Current.CancellationToken);
        Assert.Equal("through", await reading);
        AtomicFile.WriteAllText("/dev/null", "away");
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_is_written_through(bool exists)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links ask for a privilege there.");
        var real = Path.Combine(_folder.Path, "real.txt");
        if (exists)
        {
            File.WriteAllText(real, "old");
        }

        var between = Path.Combine(_folder.Path, "between.txt");
        File.CreateSymbolicLink(between, "real.txt");
        File.CreateSymbolicLink(Target, "between.txt");
        AtomicFile.WriteAllText(Target, "new");
        Assert.Equal("new", File.ReadAllText(real));
        Assert.Null(new FileInfo(real).LinkTarget);
        Assert.Equal("between.txt", new FileInfo(Target).LinkTarget);
        Assert.Equal([Target, between, real], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links ask for a privilege there.");
        File.CreateSymbolicLink(Target, "b.txt");
        File.CreateSymbolicLink(_folder.File("b.txt"), "a.txt");
        var error = Assert.Throws<ConsistencyModelsException>(() => AtomicFile.WriteAllText(Target, "new"));
        Assert.StartsWith($"{Target}: its links lead nowhere: ", error.Message, StringComparison.Ordinal);
        Assert.Equal("b.txt", new FileInfo(Target).LinkTarget);
    }

    [Theory]
    [InlineData(0x180)] // 0600
    [InlineData(0x1b4)] // 0664
    [InlineData(0x124)] // 0444
    public void Permissions_stay(int mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are none of this kind.");
        File.WriteAllText(Target, "old");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Target, (UnixFileMode)mode);
            AtomicFile.WriteAllText(Target, "new");
            Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(Target));
        }

        Assert.Equal("new", File.ReadAllText(Target));
    }

    [Fact]
    public async Task The_owner_stays_where_the_user_may_say_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Only root gives files away.");
        File.WriteAllText(Target, "old");
        await Run("chown", "12345:23456", Target);
        AtomicFile.WriteAllText(Target, "new");
        Assert.Equal("12345:23456", (await Run("stat", "-c", "%u:%g", Target)).Trim());
    }

    [Fact]
    public async Task A_pipe_receives_the_bytes_and_stays_a_pipe()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What stat prints is GNU's.");
        await Run("mkfifo", Target);
        var read = Run("cat", Target);
        AtomicFile.Write(Target, stream =>
        {
            stream.Position = 2;
            stream.Write("c"u8);
            stream.Position = 0;
            stream.Write("ab"u8);
        });
        Assert.Equal("abc", await read);
        Assert.Equal("fifo", (await Run("stat", "-c", "%F", Target)).Trim());
        OnlyTheTarget();
    }

    [Fact]
    public void A_device_is_written_to_and_its_failure_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no /dev/full elsewhere.");
        AtomicFile.WriteAllText("/dev/null", "gone");
        var error = Assert.Throws<ConsistencyModelsException>(() => AtomicFile.WriteAllText("/dev/full", "x"));
        Assert.Equal("/dev/full: disk is full; the file was not written", error.Message);
        Assert.False(File.GetAttributes("/dev/full").HasFlag(FileAttributes.Directory));
    }

    [Fact]
    public void What_a_killed_process_left_goes_and_what_is_being_written_stays()
    {
        var temporary = _folder.File(".a.txt.tmp");
        File.WriteAllText(temporary, "half");
        AtomicFile.WriteAllText(Target, "whole");
        OnlyTheTarget();
        AtomicFile.Write(Target, slow =>
        {
            slow.Write("slow"u8);
            slow.Flush();
            AtomicFile.WriteAllText(Target, "fast");
            Assert.Equal("fast", File.ReadAllText(Target));
            Assert.True(File.Exists(temporary));
        });
        Assert.Equal("slow", File.ReadAllText(Target));
        OnlyTheTarget();
    }

    [Fact]
    public void A_name_as_long_as_names_may_be_can_be_written()
    {
        var longest = _folder.File(new string('n', 255));
        AtomicFile.WriteAllText(longest, "new");
        Assert.Equal([longest], Directory.GetFileSystemEntries(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private void OnlyTheTarget() => Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Path));

    private static async Task<string> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
