using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Tests.Cpu;

public sealed class WorkRegionTests
{
    [Fact]
    public void Every_chunk_runs_once_whatever_the_number_of_phases()
    {
        using var pool = new ComputePool(4);
        var region = new WorkRegion(pool, 4);
        pool.Enter(region, TestContext.Current.CancellationToken);
        var random = new System.Random(3);
        for (var phase = 0; phase < 3000; phase++)
        {
            var counts = new int[random.Next(1, 40)];
            region.Run(new Work((chunk, _) => Interlocked.Increment(ref counts[chunk])), counts.Length);
            Assert.All(counts, count => Assert.Equal(1, count));
        }

        pool.Leave(region);
    }

    [Fact]
    public void No_two_threads_have_the_same_slot_at_once()
    {
        using var pool = new ComputePool(4);
        var region = new WorkRegion(pool, 3);
        pool.Enter(region, TestContext.Current.CancellationToken);
        var busy = new int[3];
        for (var phase = 0; phase < 300; phase++)
        {
            region.Run(
                new Work((_, slot) =>
                {
                    Assert.Equal(1, Interlocked.Increment(ref busy[slot]));
                    Thread.SpinWait(100);
                    Interlocked.Decrement(ref busy[slot]);
                }),
                20);
        }

        pool.Leave(region);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_thread_that_is_held_up_holds_up_one_chunk(int heldUp)
    {
        const int Chunks = 40;
        using var pool = new ComputePool(2);
        var region = new WorkRegion(pool, 2);
        pool.Enter(region, TestContext.Current.CancellationToken);
        using var others = new CountdownEvent(Chunks - 1);
        using var bothThere = new Barrier(2);
        var chunksOf = new int[2];
        var all = true;
        region.Run(
            new Work((_, slot) =>
            {
                if (Interlocked.Increment(ref chunksOf[slot]) == 1)
                {
                    bothThere.SignalAndWait(TimeSpan.FromSeconds(30));
                    if (slot == heldUp)
                    {
                        all = others.Wait(TimeSpan.FromSeconds(30));
                        return;
                    }
                }

                others.Signal();
            }),
            Chunks);
        pool.Leave(region);

        Assert.True(all);
        Assert.Equal(1, chunksOf[heldUp]);
        Assert.Equal(Chunks - 1, chunksOf[1 - heldUp]);
    }

    [Fact]
    public void Threads_have_the_same_part_of_every_phase()
    {
        const int Chunks = 16;
        using var pool = new ComputePool(2);
        var region = new WorkRegion(pool, 2);
        pool.Enter(region, TestContext.Current.CancellationToken);
        for (var phase = 0; phase < 50; phase++)
        {
            using var bothThere = new Barrier(2);
            var first = new int[] { -1, -1 };
            region.Run(
                new Work((chunk, slot) =>
                {
                    if (first[slot] < 0)
                    {
                        first[slot] = chunk;
                        bothThere.SignalAndWait(TimeSpan.FromSeconds(30));
                    }
                }),
                Chunks);
            Assert.Equal([0, Chunks / 2], first);
        }

        pool.Leave(region);
    }

    [Fact]
    public void An_exception_of_a_chunk_reaches_the_caller_and_the_region_lives_on()
    {
        using var pool = new ComputePool(3);
        var region = new WorkRegion(pool, 3);
        pool.Enter(region, TestContext.Current.CancellationToken);
        for (var i = 0; i < 100; i++)
        {
            Assert.Throws<InvalidTimeZoneException>(() => region.Run(new Work((chunk, _) =>
            {
                if (chunk == 7)
                {
                    throw new InvalidTimeZoneException();
                }
            }), 20));
            var sum = 0;
            region.Run(new Work((chunk, _) => Interlocked.Add(ref sum, chunk)), 20);
            Assert.Equal(190, sum);
        }

        pool.Leave(region);
    }

    [Fact]
    public void Calls_beyond_the_cores_wait_and_can_be_cancelled_while_waiting()
    {
        using var pool = new ComputePool(1);
        WorkRegion first = new(pool, 1), second = new(pool, 1);
        pool.Enter(first, TestContext.Current.CancellationToken);
        using var source = new CancellationTokenSource(20);
        Assert.ThrowsAny<OperationCanceledException>(() => pool.Enter(second, source.Token));
        pool.Leave(first);
        pool.Enter(second, TestContext.Current.CancellationToken);
        pool.Leave(second);
    }

    private sealed class Work(Action<int, int> body) : IParallelWork
    {
        public void Execute(int chunk, int slot) => body(chunk, slot);
    }
}
