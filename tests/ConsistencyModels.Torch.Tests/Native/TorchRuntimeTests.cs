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
    public void A_device_that_is_not_there_is_named()
    {
        Assert.StartsWith("device: found \"gpu\"", Assert.Throws<ConsistencyModelsException>(() => TorchDevice.Parse("gpu")).Message, StringComparison.Ordinal);
        Assert.Contains("\"cuda:99\"", Assert.Throws<ConsistencyModelsException>(() => TorchDevice.Parse("cuda:99")).Message, StringComparison.Ordinal);
        Assert.Contains("\"cuda:x\"", Assert.Throws<ConsistencyModelsException>(() => TorchDevice.Parse("cuda:x")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _cache.Dispose();
}
