using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

public sealed class PackedCacheTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly GoldenUNet _golden = new("test_config");
    private readonly string _weights;

    public PackedCacheTests()
    {
        _weights = Path.Combine(_folder.Path, "weights.safetensors");
        File.Copy(RepositoryFiles.Golden("unet", "test_config", "diffusion_pytorch_model.safetensors"), _weights);
    }

    private string Cache => Path.Combine(_folder.Path, "cache");

    private string[] Files => Directory.Exists(Cache) ? Directory.GetFiles(Cache, "*.packed") : [];

    public void Dispose()
    {
        _golden.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(CpuMemory.Normal)]
    [InlineData(CpuMemory.Low)]
    public void The_next_load_maps_the_file_and_gives_the_same_bits(CpuMemory memory)
    {
        var options = Options() with { Memory = memory };
        var fresh = Run(options, mapped: false);

        Assert.Single(Files);
        Assert.Equal(fresh, Run(options, mapped: true));
        Assert.Equal(fresh, Run(options with { PackedCache = false }, mapped: false));
        Assert.Single(Files);
    }

    [Fact]
    public async Task The_file_comes_by_itself_while_the_network_is_in_use()
    {
        using var network = (CpuUNet)new CpuEngine(Options()).Load(_golden.Config, _golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var output = new float[_golden.Expected.Length];
        while (!network.WhenSaved.IsCompleted)
        {
            network.Forward(_golden.Sample, _golden.Shape, _golden.Timesteps, _golden.Labels, output, TestContext.Current.CancellationToken);
        }

        await network.WhenSaved;
        Assert.Single(Files);
        Assert.Empty(Directory.GetFiles(Cache, ".*"));
        Assert.Equal(output, Run(Options(), mapped: true, _golden.Weights.Origin));
    }

    [Fact]
    public void Each_way_of_packing_has_a_file_of_its_own()
    {
        Run(Options(), mapped: false);
        Run(Options() with { Memory = CpuMemory.Low }, mapped: false);
        Assert.Equal(2, Files.Length);
    }

    [Fact]
    public void A_file_damaged_in_any_way_is_packed_again_and_replaced()
    {
        var expected = Run(Options(), mapped: false);
        var file = Assert.Single(Files);
        var good = File.ReadAllBytes(file);
        var random = new System.Random(7);
        var damages = new List<Func<byte[], byte[]>>
        {
            bytes => bytes[..^1],
            bytes => [.. bytes, 0],
            bytes => [],
            bytes => bytes[..100],
            bytes => new byte[bytes.Length],
        };
        int[] places = [0, 8, 20, 33, 50, 70, 4096, good.Length - 1, .. Enumerable.Range(0, 12).Select(_ => random.Next(4096, good.Length))];
        damages.AddRange(places.Select(place => (Func<byte[], byte[]>)(bytes =>
        {
            var copy = (byte[])bytes.Clone();
            copy[place] ^= (byte)(1 << random.Next(8));
            return copy;
        })));
        foreach (var damage in damages)
        {
            var time = File.GetLastWriteTimeUtc(file);
            using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write))
            {
                // In place, and with the old time: only reading it shows the difference.
                var bad = damage(good);
                stream.SetLength(bad.Length);
                stream.Write(bad);
            }

            File.SetLastWriteTimeUtc(file, time);
            Assert.Equal(expected, Run(Options(), mapped: false));
            Assert.Equal(expected, Run(Options(), mapped: true));
            Assert.Equal(good, File.ReadAllBytes(file));
        }
    }

    [Fact]
    public void Weights_rewritten_in_place_at_once_with_the_same_length_and_time_are_never_mistaken()
    {
        var before = Run(Options(), mapped: false);
        for (var i = 0; i < 5; i++)
        {
            var time = File.GetLastWriteTimeUtc(_weights);
            using (var stream = new FileStream(_weights, FileMode.Open, FileAccess.ReadWrite))
            {
                stream.Seek(-6, SeekOrigin.End); // a number's upper bytes
                var value = stream.ReadByte();
                stream.Seek(-1, SeekOrigin.Current);
                stream.WriteByte((byte)(value ^ 0x40));
            }

            File.SetLastWriteTimeUtc(_weights, time);
            var uncached = Run(Options() with { PackedCache = false }, mapped: false);
            Assert.Equal(uncached, Run(Options(), mapped: i > 0));
            Assert.Equal(i % 2 == 1, before.SequenceEqual(uncached));
            if (i > 0)
            {
                continue;
            }

            Assert.Equal(2, Files.Length);
        }
    }

    [Fact]
    public void A_copy_of_the_weights_elsewhere_shares_the_file()
    {
        var expected = Run(Options(), mapped: false);
        var copy = Path.Combine(_folder.Path, "copy.safetensors");
        File.Copy(_weights, copy);
        Assert.Equal(expected, Run(Options(), mapped: true, copy));
    }

    [Fact]
    public void Beyond_the_bound_the_file_used_longest_ago_goes()
    {
        Run(Options(), mapped: false);
        var first = Assert.Single(Files);
        var bound = Options() with { PackedCacheBytes = new FileInfo(first).Length * 8 / 5 };
        Run(bound with { Memory = CpuMemory.Low }, mapped: false);
        var second = Files.Single(file => file != first);
        File.SetLastWriteTimeUtc(first + ".used", DateTime.UtcNow.AddDays(-1));
        var third = Path.Combine(Cache, "other.packed");
        File.WriteAllBytes(third, new byte[new FileInfo(second).Length]);
        File.Delete(second);
        Run(bound with { Memory = CpuMemory.Low }, mapped: false);

        Assert.Equal([.. new[] { second, third }.Order()], Files.Order());
        Assert.False(File.Exists(first + ".used"));
    }

    [Fact]
    public void A_bound_below_one_file_keeps_none()
    {
        Run(Options() with { PackedCacheBytes = 10_000 }, mapped: false);
        Assert.Empty(Files);
    }

    [Fact]
    public void Small_networks_are_not_kept()
    {
        Run(new CpuEngineOptions { PackedCache = true, PackedCacheFolder = Cache }, mapped: false);
        Assert.False(Directory.Exists(Cache));
    }

    [Fact]
    public void A_folder_that_cannot_be_is_no_error()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        var options = Options() with { PackedCacheFolder = Path.Combine(file, "below") };
        Assert.Equal(Run(options, mapped: false), Run(options, mapped: false));
    }

    [Fact]
    public void A_file_name_that_is_taken_by_a_folder_is_no_error()
    {
        Run(Options(), mapped: false);
        var file = Assert.Single(Files);
        File.Delete(file);
        Directory.CreateDirectory(file);
        Run(Options(), mapped: false);
        Assert.True(Directory.Exists(file));
    }

    [Fact]
    public void Several_at_once_leave_one_good_file_and_nothing_else()
    {
        var results = new float[6][];
        var threads = Enumerable.Range(0, results.Length).Select(i => new Thread(() => results[i] = Run(Options(), mapped: null))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.All(results, result => Assert.Equal(results[0], result));
        Assert.Single(Files);
        Assert.Empty(Directory.GetFiles(Cache, ".*"));
        Assert.Equal(results[0], Run(Options(), mapped: true));
    }

    [Fact]
    public void What_a_killed_process_left_is_cleared_away()
    {
        Directory.CreateDirectory(Cache);
        string old = Path.Combine(Cache, ".old.tmp"), young = Path.Combine(Cache, ".young.tmp");
        File.WriteAllText(old, "half a file");
        File.WriteAllText(young, "half a file");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-1));
        Run(Options(), mapped: false);

        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    [Theory]
    [InlineData(TensorDType.F16)]
    [InlineData(TensorDType.BF16)]
    public void Narrow_files_widen_exactly_while_packing(TensorDType dtype)
    {
        string narrow = Path.Combine(_folder.Path, "narrow.safetensors"), wide = Path.Combine(_folder.Path, "wide.safetensors");
        using (var source = SafetensorsFile.Open(_weights))
        {
            SafetensorsWriter.Write(narrow, source.Tensors.Keys.Select(name => TensorToWrite.FromSource(source, name, dtype, name)));
        }

        using (var source = SafetensorsFile.Open(narrow))
        {
            SafetensorsWriter.Write(wide, source.Tensors.Keys.Select(name => TensorToWrite.FromSource(source, name, TensorDType.F32, name)));
        }

        Assert.Equal(Run(Options(), mapped: false, wide), Run(Options(), mapped: false, narrow));
    }

    [Theory]
    [InlineData(null, null, "/x", "/x/consistency-models/packed")]
    [InlineData(null, "/c", "/x", "/c/packed")]
    [InlineData("/p", "/c", "/x", "/p")]
    [InlineData("off", "/c", "/x", null)]
    [InlineData("OFF", null, null, null)]
    public void The_environment_chooses_the_folder(string? packed, string? all, string? xdg, string? expected) =>
        Assert.Equal(
            expected is null ? null : Path.GetFullPath(expected),
            CacheFolders.Read(name => name switch
            {
                "CM_PACKED_CACHE" => packed,
                "CM_CACHE" => all,
                "XDG_CACHE_HOME" => xdg,
                _ => null,
            }).PackedWeights);

    private CpuEngineOptions Options() => new() { PackedCache = true, PackedCacheFolder = Cache, PackedCacheLeastBytes = 0 };

    private float[] Run(CpuEngineOptions options, bool? mapped, string? weights = null)
    {
        using var source = SafetensorsFile.Open(weights ?? _weights);
        using var network = (CpuUNet)new CpuEngine(options).Load(_golden.Config, source, new EngineOptions(), TestContext.Current.CancellationToken);
        source.Dispose(); // packed weights, mapped or not, need it no more
        if (mapped is { } expected)
        {
            Assert.Equal(expected, network.WeightsAreMapped);
        }

        var output = new float[_golden.Expected.Length];
        network.Forward(_golden.Sample, _golden.Shape, _golden.Timesteps, _golden.Labels, output, TestContext.Current.CancellationToken);
        return output;
    }
}
