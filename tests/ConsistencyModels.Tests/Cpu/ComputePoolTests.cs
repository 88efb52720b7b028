using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Tests.Cpu;

[Collection(Alone.Name)]
public sealed class ComputePoolTests
{
    private const int Cores = 4;

    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(30);

    /// <summary>Every core has a caller, so workers are of no use: they must not spin beside the callers, as they did when each phase woke them.</summary>
    [Fact]
    public void With_a_call_for_every_core_workers_take_no_time()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A thread's time is read from /proc.");
        Looks.AtMost(0.02, ShareOfWorkers);
    }

    private static double ShareOfWorkers()
    {
        using var pool = new ComputePool(Cores);
        using var all = new Barrier(Cores);
        var (before, after) = (0.0, 0.0);
        var clock = new Stopwatch();
        InParallel(Cores, caller =>
        {
            var region = new WorkRegion(pool, Cores);
            pool.Enter(region, CancellationToken.None);
            all.SignalAndWait();
            if (caller == 0)
            {
                Phases(region, 20); // those whose workers leave
                before = WorkerSeconds();
                clock.Start();
            }

            all.SignalAndWait();
            Phases(region, 200);
            all.SignalAndWait();
            if (caller == 0)
            {
                clock.Stop();
                after = WorkerSeconds();
            }

            all.SignalAndWait();
            pool.Leave(region);
        });

        return (after - before) / clock.Elapsed.TotalSeconds;
    }

    [Fact]
    public void Workers_are_awake_as_far_as_cores_are_left()
    {
        using var pool = new ComputePool(Cores);
        var regions = Enumerable.Range(0, Cores).Select(_ => new WorkRegion(pool, Cores)).ToArray();
        for (var calls = 1; calls <= Cores; calls++)
        {
            pool.Enter(regions[calls - 1], TestContext.Current.CancellationToken);
            Assert.Equal(Cores - calls + 1, ThreadsAtOnce(regions[0], Cores - calls + 1));
            Assert.True(SpinWait.SpinUntil(() => pool.AwakeWorkers <= Cores - calls, LongEnough));
        }

        for (var calls = Cores - 1; calls >= 1; calls--)
        {
            pool.Leave(regions[calls]);
            Assert.Equal(Cores - calls + 1, ThreadsAtOnce(regions[0], Cores - calls + 1));
        }

        pool.Leave(regions[0]);
    }

    [Fact]
    public void No_more_workers_wake_than_the_regions_have_threads()
    {
        using var pool = new ComputePool(8);
        var wide = new WorkRegion(pool, 8);
        pool.Enter(wide, TestContext.Current.CancellationToken);
        Assert.Equal(8, ThreadsAtOnce(wide, 8));
        pool.Leave(wide);
        var narrow = new WorkRegion(pool, 2);
        pool.Enter(narrow, TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => pool.AwakeWorkers <= 1, LongEnough));
        for (var i = 0; i < 100; i++)
        {
            Phases(narrow, 1);
            Assert.InRange(pool.AwakeWorkers, 0, 1);
        }

        pool.Leave(narrow);
    }

    [Fact]
    public void A_core_that_a_call_leaves_goes_to_the_phase_under_way()
    {
        using var pool = new ComputePool(2);
        WorkRegion first = new(pool, 2), second = new(pool, 2);
        pool.Enter(first, TestContext.Current.CancellationToken);
        pool.Enter(second, TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => pool.AwakeWorkers == 0, LongEnough));
        using var bothThere = new Barrier(2);
        using var begun = new ManualResetEventSlim();
        var met = new bool[2];
        var other = new Thread(() =>
        {
            begun.Wait();
            pool.Leave(second);
        });
        other.Start();
        first.Run(
            new Work(chunk =>
            {
                begun.Set();
                met[chunk] = bothThere.SignalAndWait(LongEnough);
            }),
            2);
        other.Join();
        pool.Leave(first);

        Assert.Equal([true, true], met);
    }

    [Fact]
    public void A_call_that_fails_to_begin_gives_its_turn_back()
    {
        var pool = new ComputePool(1);
        pool.Dispose();
        using var patience = new CancellationTokenSource(LongEnough);
        for (var i = 0; i < 3; i++)
        {
            Assert.Throws<ObjectDisposedException>(() => pool.Enter(new WorkRegion(pool, 1), patience.Token));
        }
    }

    [Fact]
    public void Many_calls_on_few_cores_run_every_chunk_once()
    {
        using var pool = new ComputePool(Cores);
        InParallel(3 * Cores, caller =>
        {
            var random = new System.Random(caller);
            for (var call = 0; call < 150; call++)
            {
                var region = new WorkRegion(pool, random.Next(1, Cores + 1));
                pool.Enter(region, CancellationToken.None);
                for (var phase = 0; phase < 10; phase++)
                {
                    var counts = new int[random.Next(1, 30)];
                    region.Run(new Work(chunk => Interlocked.Increment(ref counts[chunk])), counts.Length);
                    Assert.All(counts, count => Assert.Equal(1, count));
                }

                pool.Leave(region);
                Assert.InRange(pool.AwakeWorkers, 0, Cores - 1);
            }
        });
    }

    /// <summary>How many threads were in the region at once, if so many are to come.</summary>
    private static int ThreadsAtOnce(WorkRegion region, int expected)
    {
        using var all = new CountdownEvent(expected);
        region.Run(
            new Work(_ =>
            {
                all.Signal();
                all.Wait(LongEnough);
            }),
            expected);
        return expected - all.CurrentCount;
    }

    /// <summary>Phases during which nobody computes.</summary>
    private static void Phases(WorkRegion region, int count)
    {
        for (var i = 0; i < count; i++)
        {
            region.Run(new Work(_ => Thread.Sleep(1)), 4);
        }
    }

    private static void InParallel(int callers, Action<int> body)
    {
        Exception? failure = null;
        var threads = Enumerable.Range(0, callers).Select(caller => new Thread(() =>
        {
            try
            {
                body(caller);
            }
            catch (Exception e)
            {
                failure = e;
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Null(failure);
    }

    /// <summary>Time that all threads called "compute" have run.</summary>
    private static double WorkerSeconds()
    {
        var nanoseconds = 0.0;
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).StartsWith("compute ", StringComparison.Ordinal))
                {
                    nanoseconds += double.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // A thread that ended meanwhile.
            }
        }

        return nanoseconds / 1e9;
    }

    private sealed class Work(Action<int> body) : IParallelWork
    {
        public void Execute(int chunk, int slot) => body(chunk);
    }
}
