using System.Runtime.InteropServices;
using ConsistencyModels.Torch.Native;

namespace ConsistencyModels.Torch.Tests.Native;

/// <summary>Loading in a fresh process whose cache folder is empty, as on a new machine.</summary>
public sealed class TorchRuntimeTests : IDisposable
{
    // torch.manual_seed(0); torch.randn(1)
    private const string FirstNormal = "1.5410";
    private readonly TempFolder _cache = new();

    [Fact]
    public async Task Two_processes_at_once_and_a_third_load_from_one_copy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere TorchSharp loads its libraries itself.");
        var cancellation = TestContext.Current.CancellationToken;
        using var one = ChildProcess.Start(_cache.Path);
        using var two = ChildProcess.Start(_cache.Path);
        var first = await ChildProcess.Result(one, cancellation);
        var second = await ChildProcess.Result(two, cancellation);
        Assert.Equal(FirstNormal, first.Number);
        Assert.Equal(FirstNormal, second.Number);
        Assert.Equal(["libc10.so", "libtorch_cpu.so", "libtorch.so", "libLibTorchSharp.so"], first.Libraries.Select(Path.GetFileName));
        Assert.Equal(first.Libraries, second.Libraries);
        Assert.All(first.Libraries, library => Assert.True(Path.IsPathFullyQualified(library) && File.Exists(library), library));

        // Where the library loads as shipped, no copy is made.
        var files = Directory.GetFiles(_cache.Path, "*", SearchOption.AllDirectories);
        var binding = first.Libraries[^1];
        Assert.Equal(binding.StartsWith(_cache.Path, StringComparison.Ordinal) ? [binding] : [], files);

        var written = File.GetLastWriteTimeUtc(binding);
        using var three = ChildProcess.Start(_cache.Path);
        Assert.Equal(first.Libraries, (await ChildProcess.Result(three, cancellation)).Libraries);
        Assert.Equal(written, File.GetLastWriteTimeUtc(binding));
    }

    [Fact]
    public async Task Libtorch_from_a_folder_is_used_although_another_lies_beside_the_program()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere TorchSharp loads its libraries itself.");

        // Copies: a link would be the same file, which the loader never loads twice.
        using var folder = new TempFolder();
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(ShippedLibrary.Path)!))
        {
            var name = Path.GetFileName(file);
            if (name.StartsWith("libgomp", StringComparison.Ordinal) || name is "libc10.so" or "libtorch_cpu.so" or "libtorch.so")
            {
                File.Copy(file, folder.File(name));
            }
        }

        using var bundledBinding = ChildProcess.Start(_cache.Path, folder.Path);
        var first = await ChildProcess.Result(bundledBinding, TestContext.Current.CancellationToken);
        Assert.Equal(FirstNormal, first.Number);
        Assert.Equal([folder.File("libc10.so"), folder.File("libtorch_cpu.so"), folder.File("libtorch.so")], first.Libraries[..3]);
        Assert.Equal("libLibTorchSharp.so", Path.GetFileName(first.Libraries[3]));

        // A binding in the folder is made for that libtorch. One that loads here is the one that was just loaded.
        File.Copy(first.Libraries[3], folder.File("libLibTorchSharp.so"));
        using var ownBinding = ChildProcess.Start(_cache.Path, folder.Path);
        var second = await ChildProcess.Result(ownBinding, TestContext.Current.CancellationToken);
        Assert.Equal(FirstNormal, second.Number);
        Assert.Equal(folder.File("libLibTorchSharp.so"), second.Libraries[3]);
    }

    [Fact]
    public async Task A_folder_without_libtorch_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere TorchSharp loads its libraries itself.");
        using var child = ChildProcess.Start(_cache.Path, _cache.Path);
        Assert.Equal(
            $"{_cache.Path}: {TorchRuntime.LibraryFolderVariable} names this folder, but libc10.so is not in it",
            await ChildProcess.Refusal(child, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_stand_in_answers_to_its_name_and_leaves_no_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Stand-ins are for Linux only.");
        var name = $"cm_test_{Guid.NewGuid():N}.so";
        Assert.False(NativeLibrary.TryLoad(name, out _));
        StandInLibrary.Load(name);
        Assert.True(NativeLibrary.TryLoad(name, out _));
        Assert.DoesNotContain(Directory.GetDirectories(Path.GetTempPath(), "cm-*"), folder => File.Exists(Path.Combine(folder, name)));
    }

    [Fact]
    public void A_device_that_is_not_there_is_named()
    {
        Assert.StartsWith("device: found \"gpu\"", Assert.Throws<ConsistencyModelsException>(() => TorchDevice.Parse("gpu")).Message, StringComparison.Ordinal);
        Assert.Contains("\"cuda:99\"", Assert.Throws<ConsistencyModelsException>(() => TorchDevice.Parse("cuda:99")).Message, StringComparison.Ordinal);
        Assert.Contains("\"cuda:x\"", Assert.Throws<ConsistencyModelsException>(() => TorchDevice.Parse("cuda:x")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _cache.Dispose();
}
