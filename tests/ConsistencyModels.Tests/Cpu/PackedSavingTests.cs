using System.Diagnostics;
using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

public sealed class PackedSavingTests : IDisposable
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan FewPercent = 0.9 * 19 * Piece;

    private readonly ComputePool _pool = new(2);
    private readonly GoldenUNet _golden = new("test_config");
    private readonly ManualResetEventSlim _disk = new();

    public void Dispose()
    {
        _disk.Set();
        _golden.Dispose();
        _pool.Dispose();
        _disk.Dispose();
    }

    [Fact]
    public void While_one_waits_for_the_disk_in_Dispose_others_do_not()
    {
        var network = Load(_ => Assert.True(_disk.Wait(LongEnough)));
        Forward(network);
        var disposing = new Thread(network.Dispose);
        disposing.Start();
        Assert.True(SpinWait.SpinUntil(() => network.MemoryBytes == 0, LongEnough));

        // Each of these waited for the lock that the waiting Dispose held.
        Assert.Throws<ObjectDisposedException>(() => Forward(network));
        network.Dispose();
        Assert.False(network.WhenSaved.IsCompleted);
        Assert.True(disposing.IsAlive);
        _disk.Set();
        Assert.True(disposing.Join(LongEnough));
        Assert.True(network.WhenSaved.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_call_under_way_at_Dispose_ends_well_and_does_not_wait_for_the_disk()
    {
        var network = Load(_ => Assert.True(_disk.Wait(LongEnough)));
        var expected = Forward(network);
        var regions = Enumerable.Range(0, _pool.Cores).Select(_ => new WorkRegion(_pool, 1)).ToList();
        regions.ForEach(region => _pool.Enter(region, TestContext.Current.CancellationToken));
        float[]? output = null;
        var calling = new Thread(() => output = Forward(network)); // waits for its turn
        calling.Start();
        Assert.True(SpinWait.SpinUntil(() => (calling.ThreadState & System.Threading.ThreadState.WaitSleepJoin) != 0, LongEnough));
        var disposing = new Thread(network.Dispose);
        disposing.Start();
        Assert.True(SpinWait.SpinUntil(() => network.MemoryBytes == 0, LongEnough));
        regions.ForEach(_pool.Leave);

        Assert.True(calling.Join(LongEnough));
        Assert.Equal(expected, output);
        Assert.True(disposing.IsAlive);
        _disk.Set();
        Assert.True(disposing.Join(LongEnough));
    }

    [Fact]
    public void Weights_stay_until_they_are_written()
    {
        byte[] before = [], after = [];
        PackedWeights? weights = null;
        var network = Load(_ =>
        {
            before = Bytes(weights!);
            Assert.True(_disk.Wait(LongEnough));
            after = Bytes(weights!);
        }, packed => weights = packed);
        var disposing = new Thread(network.Dispose);
        disposing.Start();
        Assert.True(SpinWait.SpinUntil(() => network.MemoryBytes == 0, LongEnough));
        Thread.Sleep(50);
        _disk.Set();
        Assert.True(disposing.Join(LongEnough));
        Assert.NotEmpty(before);
        Assert.Equal(before, after);
    }

    [Fact]
    public void A_failure_to_write_is_no_failure_to_dispose()
    {
        var network = Load(_ => throw new InvalidTimeZoneException());
        network.Dispose();
        Assert.IsType<InvalidTimeZoneException>(network.WhenSaved.Exception?.InnerException);
    }

    [Fact]
    public void Work_beside_a_call_takes_a_small_part_of_the_time()
    {
        var pace = new BackgroundPace(_pool);
        var region = new WorkRegion(_pool, 1);
        _pool.Enter(region, TestContext.Current.CancellationToken);
        Assert.InRange(Rest(pace), FewPercent, LongEnough);

        // It waited for a disk, say: that cost no call anything.
        Looks.AtMost(5, () => Rest(pace, LongEnough).TotalSeconds);
        _pool.Leave(region);
    }

    [Fact]
    public void Work_goes_on_when_calls_have_ended_for_a_while()
    {
        var pace = new BackgroundPace(_pool);
        var region = new WorkRegion(_pool, 1);
        _pool.Enter(region, TestContext.Current.CancellationToken);
        _pool.Leave(region);
        Assert.InRange(Rest(pace), FewPercent, LongEnough); // the next call may come at once
        Assert.True(SpinWait.SpinUntil(() => _pool.Quiet > TimeSpan.FromMilliseconds(150), LongEnough));
        Looks.AtMost(FewPercent.TotalSeconds, () => Rest(pace).TotalSeconds);
    }

    [Fact]
    public void Work_that_is_waited_for_does_not_rest()
    {
        var pace = new BackgroundPace(_pool);
        var region = new WorkRegion(_pool, 1);
        _pool.Enter(region, TestContext.Current.CancellationToken);
        pace.Hurry();
        Looks.AtMost(FewPercent.TotalSeconds, () => Rest(pace).TotalSeconds);
        _pool.Leave(region);
    }

    [Fact]
    public unsafe void Parts_of_any_size_have_the_hash_of_the_whole()
    {
        var random = new System.Random(2);
        var bytes = new byte[(9 << 20) + 17];
        random.NextBytes(bytes);
        var region = new WorkRegion(_pool, 2);
        foreach (var length in new[] { 0, 1, 4 << 20, (4 << 20) + 1, 8 << 20, bytes.Length })
        {
            var parts = new BlockHash();
            for (var done = 0; done < length;)
            {
                var count = Math.Min(random.Next(1, 3 << 20), length - done);
                parts.Append(bytes.AsSpan(done, count));
                done += count;
            }

            fixed (byte* start = bytes)
            {
                Assert.Equal(BlockHash.Of(start, length, new ParallelRunner(region, TestContext.Current.CancellationToken)), parts.Finish());
            }
        }
    }

    private static TimeSpan Rest(BackgroundPace pace, TimeSpan? took = null)
    {
        var clock = Stopwatch.StartNew();
        pace.Rest(took ?? Piece);
        return clock.Elapsed;
    }

    private static unsafe byte[] Bytes(PackedWeights weights) => new ReadOnlySpan<byte>(weights.Start, (int)weights.Bytes).ToArray();

    /// <summary>A network whose packed weights are saved by the test.</summary>
    private CpuUNet Load(Action<BackgroundPace> save, Action<PackedWeights>? made = null)
    {
        var description = UNet2DDescription.Of(_golden.Config);
        var packed = new PackedWeights { Half = false };
        var layers = new LayerWeights(packed);
        var plans = new PlanCache((batch, size) => PlanBuilder.Build(description, layers, batch, size, threads: 2));
        plans.Get(1, new ImageSize(_golden.Shape.Height, _golden.Shape.Width));
        packed.Fill(new WeightReader(description, _golden.Weights), new ParallelRunner(new WorkRegion(_pool, 1), CancellationToken.None));
        made?.Invoke(packed);
        return new CpuUNet(
            _golden.Config, packed, PackedSaving.Start(packed, _pool, save), plans, new ArenaPool(1 << 30, TimeProvider.System), _pool, threads: 2);
    }

    private float[] Forward(CpuUNet network)
    {
        var output = new float[_golden.Expected.Length];
        network.Forward(_golden.Sample, _golden.Shape, _golden.Timesteps, _golden.Labels, output, CancellationToken.None);
        return output;
    }
}
