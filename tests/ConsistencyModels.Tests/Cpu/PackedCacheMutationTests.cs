using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>Damaged files of packed weights and of remembered hashes: the picture is always that of the weights, and nothing is thrown.</summary>
public sealed class PackedCacheMutationTests
{
    [Fact]
    public void A_damaged_first_page_is_never_another_one()
    {
        var header = new PackedHeader(((UInt128)5 << 70) + 7, 1L << 33, UInt128.MaxValue / 3);
        var page = header.ToBytes();
        var random = new System.Random(1);
        for (var i = 0; i < Mutations.Many; i++)
        {
            var bytes = Mutations.Bytes(page, random, [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0]]);

            // What lies behind the hash is padding, and means nothing.
            if (PackedHeader.Parse(bytes) is { } read)
            {
                Assert.Equal(header, read);
            }
        }

        Assert.Equal(header, PackedHeader.Parse(page));
    }

    [Fact]
    public void A_damaged_cache_gives_the_picture_of_the_weights()
    {
        using var folder = new TempFolder();
        using var golden = new GoldenUNet("test_config");
        var cache = Path.Combine(folder.Path, "cache");
        var options = new CpuEngineOptions { PackedCache = true, PackedCacheFolder = cache, PackedCacheLeastBytes = 0 };
        var expected = Draw();
        var good = Directory.GetFiles(cache, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllBytes);
        Assert.Contains(good.Keys, file => file.EndsWith(".packed", StringComparison.Ordinal));
        var random = new System.Random(2);
        for (var i = 0; i < 100; i++)
        {
            foreach (var (file, bytes) in good)
            {
                var time = File.GetLastWriteTimeUtc(file);
                File.WriteAllBytes(file, random.Next(3) == 0 ? bytes : Damage(bytes));
                File.SetLastWriteTimeUtc(file, time);
            }

            Assert.Equal(expected, Draw());
        }

        float[] Draw()
        {
            using var network = (CpuUNet)new CpuEngine(options).Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
            network.WhenSaved.Wait(TestContext.Current.CancellationToken);
            var output = new float[golden.Expected.Length];
            network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output, TestContext.Current.CancellationToken);
            return output;
        }

        byte[] Damage(byte[] bytes) => bytes.Length == 0 ? [0]
            : random.Next(2) == 0 ? Mutations.Bytes(bytes, random, [[0xff], [0]])
            : [.. Mutations.Bytes(bytes[..Math.Min(80, bytes.Length)], random, []), .. bytes.AsSpan(Math.Min(80, bytes.Length))];
    }
}
