namespace ConsistencyModels.Data.Tests.Storage;

public sealed class DecodedCacheTests : IDisposable
{
    private readonly SampleFiles _files = SampleFiles.Typical();
    private readonly TempFolder _cache = new();
    private readonly ImageDataSetOptions _inMemory = new() { Size = 8, Crop = ImageCrop.None };

    private ImageDataSetOptions OnDisk => _inMemory with { MemoryBudget = 0, CacheFolder = _cache.File("data") };

    private string[] Records => [.. _cache.Files.Where(file => file.EndsWith(".records", StringComparison.Ordinal))];

    public void Dispose()
    {
        _files.Dispose();
        _cache.Dispose();
    }

    private static ImageDataSet Open(string path, ImageDataSetOptions options, List<DecodeProgress>? progress = null) =>
        ImageDataSets.Open(path, options, progress is null ? null : new Immediate(progress), TestContext.Current.CancellationToken);

    [Fact]
    public void What_does_not_fit_into_memory_is_the_same_data_set_in_a_file()
    {
        string folder = _files.AsFolder();
        using ImageDataSet memory = Open(folder, _inMemory);
        using ImageDataSet disk = Open(folder, OnDisk);
        Assert.Equal((false, true), (memory.IsOnDisk, disk.IsOnDisk));
        Assert.Equal((memory.Count, memory.Fingerprint), (disk.Count, disk.Fingerprint));
        Assert.Equal(memory.Skipped, disk.Skipped);
        Assert.Single(disk.Skipped);
        int[] indices = [3, 0, 11];
        float[] expected = new float[3 * 192];
        float[] actual = new float[3 * 192];
        memory.Fill(indices, expected, [], [true, false, false]);
        disk.Fill(indices, actual, [], [true, false, false]);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void The_second_time_nothing_is_decoded()
    {
        string folder = _files.AsFolder();
        List<DecodeProgress> progress = [];
        Open(folder, OnDisk, progress).Dispose();
        Assert.Equal(new(13, 13), progress[^1]);
        progress.Clear();
        using ImageDataSet again = Open(folder, OnDisk, progress);
        Assert.Empty(progress);
        Assert.Equal(12, again.Count);
        Assert.Single(Records);
    }

    [Fact]
    public void Another_source_or_another_way_to_read_it_is_decoded_anew()
    {
        string folder = _files.AsFolder();
        Open(folder, OnDisk).Dispose();
        Open(folder, OnDisk with { Channels = 1 }).Dispose();
        Assert.Equal(2, Records.Length);
        Open(folder, OnDisk with { Classes = ClassMap.Parse("a=mon") }).Dispose();
        Assert.Equal(3, Records.Length);
        string file = Path.Combine(folder, "mon", "00.png");
        File.WriteAllBytes(file, SampleFiles.Solid(8, 1, 2, 3));
        using ImageDataSet changed = Open(folder, OnDisk);
        Assert.Equal(4, Records.Length);
        Assert.Equal(SampleFiles.SolidImage(8, 8, 1, 2, 3).Pixels, changed.GetImage(Enumerable.Range(0, 12).First(i => changed.NameOf(i) == "mon/00.png")).Pixels);

        // Other labels of the same pictures need no decoding.
        List<DecodeProgress> progress = [];
        using ImageDataSet single = Open(folder, OnDisk with { ClassesFrom = ClassRule.None }, progress);
        Assert.Empty(progress);
        Assert.NotEqual(changed.Fingerprint, single.Fingerprint);
    }

    [Fact]
    public void Damage_is_found_removed_and_repaired()
    {
        string folder = _files.AsFolder();
        Open(folder, OnDisk).Dispose();
        string file = Assert.Single(Records);
        byte[] whole = File.ReadAllBytes(file);

        // In a picture: at the time when it is read.
        byte[] damaged = [.. whole];
        damaged[64 + 50] ^= 1;
        File.WriteAllBytes(file, damaged);
        using (ImageDataSet data = Open(folder, OnDisk))
        {
            string message = Assert.Throws<ConsistencyModelsException>(() => data.Fill([.. Enumerable.Range(0, 12)], new float[12 * 192], [], [])).Message;
            Assert.Contains($"{file}: decoded data are damaged", message);
        }

        Assert.Empty(Records);
        Open(folder, OnDisk).Dispose();
        Assert.Equal(whole.Length, new FileInfo(Assert.Single(Records)).Length);

        // Anywhere else, or cut short: when it is opened.
        foreach (Func<byte[], byte[]> damage in new Func<byte[], byte[]>[]
        {
            bytes => bytes[..^1], bytes => bytes[..40], bytes => [], bytes => [.. bytes, 0], bytes => Flip(bytes, 0), bytes => Flip(bytes, 20), bytes => Flip(bytes, 44),
            bytes => Flip(bytes, 50), bytes => Flip(bytes, bytes.Length - 10),
        })
        {
            File.WriteAllBytes(file, damage([.. whole]));
            using ImageDataSet data = Open(folder, OnDisk);
            data.Fill([.. Enumerable.Range(0, 12)], new float[12 * 192], [], []);
        }

        static byte[] Flip(byte[] bytes, int at)
        {
            bytes[at] ^= 0x40;
            return bytes;
        }
    }

    [Fact]
    public void A_failed_decoding_leaves_nothing()
    {
        _files.Files["mon/bad.png"] = [1, 2, 3];
        string folder = _files.AsFolder();
        Assert.Contains("mon/bad.png: ", Assert.Throws<ConsistencyModelsException>(() => Open(folder, OnDisk)).Message);
        Assert.All(_cache.Files, file => Assert.EndsWith(".lock", file));
        using ImageDataSet data = Open(folder, OnDisk with { SkipUnreadable = true });
        Assert.Contains(data.Skipped, line => line.Contains("mon/bad.png: ", StringComparison.Ordinal));
        using ImageDataSet again = Open(folder, OnDisk with { SkipUnreadable = true });
        Assert.Equal(data.Skipped, again.Skipped);
        Assert.ThrowsAny<OperationCanceledException>(() => ImageDataSets.Open(folder, OnDisk with { Channels = 1 }, null, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Old_data_make_room_and_what_cannot_be_kept_is_refused()
    {
        string folder = _files.AsFolder();
        ImageDataSetOptions small = OnDisk with { CacheBudget = 3000 };
        Open(folder, small).Dispose();
        string first = Assert.Single(Records);
        File.SetLastWriteTimeUtc(first, DateTime.UtcNow.AddDays(-1));
        Open(folder, small with { Channels = 1 }).Dispose();
        Assert.NotEqual(first, Assert.Single(Records));
        Assert.Contains("at most 100 are kept there", Assert.Throws<ConsistencyModelsException>(() => Open(folder, OnDisk with { CacheBudget = 100 })).Message);
        string occupied = _cache.File("file");
        File.WriteAllText(occupied, "");
        Assert.Contains($"{occupied}: decoded data cannot be kept there", Assert.Throws<ConsistencyModelsException>(() => Open(folder, OnDisk with { CacheFolder = occupied })).Message);
    }

    [Fact]
    public async Task Of_several_at_once_one_decodes_and_the_others_wait()
    {
        string folder = _files.AsFolder();
        List<DecodeProgress>[] progress = [[], [], []];
        ImageDataSet[] sets = await Task.WhenAll(progress.Select(list => Task.Run(() => Open(folder, OnDisk, list))));
        Assert.Single(progress, list => list.Count > 0);
        Assert.Single(sets.Select(set => set.Fingerprint).Distinct());
        Array.ForEach(sets, set => set.Dispose());
    }

    [Fact]
    public void Memory_stays_bounded_while_decoding_and_reading()
    {
        const int count = 1200;
        const int side = 224;
        string images = _cache.File("train-images-idx3-ubyte");
        File.WriteAllBytes(images, Formats.DataFiles.Idx([], count, side, side));
        using (FileStream stream = File.OpenWrite(images))
        {
            stream.SetLength(16 + ((long)count * side * side)); // 60 MB of zeros
        }

        long start = GC.GetTotalMemory(forceFullCollection: true);
        Most most = new();
        ImageDataSetOptions options = new() { ClassesFrom = ClassRule.None, MemoryBudget = 1 << 20, CacheFolder = _cache.File("data") };
        using ImageDataSet data = ImageDataSets.Open(images, options, most, TestContext.Current.CancellationToken);
        float[] batch = new float[8 * side * side];
        for (int i = 0; i < count; i += 8)
        {
            data.Fill([.. Enumerable.Range(i, 8)], batch, [], []);
        }

        most.Report(default);
        Assert.True(data.IsOnDisk);
        Assert.InRange(most.Bytes - start, long.MinValue, 25 << 20);
    }

    private sealed class Most : IProgress<DecodeProgress>
    {
        public long Bytes { get; private set; }

        public void Report(DecodeProgress value)
        {
            lock (this)
            {
                Bytes = Math.Max(Bytes, GC.GetTotalMemory(forceFullCollection: true));
            }
        }
    }

    private sealed class Immediate(List<DecodeProgress> seen) : IProgress<DecodeProgress>
    {
        public void Report(DecodeProgress value)
        {
            lock (seen)
            {
                seen.Add(value);
            }
        }
    }
}
