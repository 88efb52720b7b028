using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Tests.Cpu;

public sealed class PlanCacheTests
{
    private static readonly ImageSize Size = new(8, 8);
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_plan_is_made_once_and_calls_of_other_shapes_go_on_meanwhile()
    {
        using var building = new CountdownEvent(1);
        using var goOn = new ManualResetEventSlim();
        var built = new List<int>();
        var cache = new PlanCache((batch, _) =>
        {
            lock (built)
            {
                built.Add(batch);
            }

            if (batch == 7)
            {
                building.Signal();
                Assert.True(goOn.Wait(LongEnough));
            }

            return PlanOf(1);
        });
        var plans = new Plan[3];
        var threads = Enumerable.Range(0, plans.Length).Select(i => new Thread(() => plans[i] = cache.Get(7, Size))).ToList();
        threads.ForEach(thread => thread.Start());
        Assert.True(building.Wait(LongEnough, TestContext.Current.CancellationToken));

        // With a lock around the making this would wait for the test's end.
        var other = cache.Get(3, Size);
        goOn.Set();
        threads.ForEach(thread => thread.Join());
        Assert.All(plans, plan => Assert.Same(plans[0], plan));
        Assert.NotSame(other, plans[0]);
        Assert.Same(other, cache.Get(3, Size));
        Assert.NotSame(other, cache.Get(3, new ImageSize(8, 16)));
        Assert.Equal([3, 3, 7], built.Order());
    }

    [Fact]
    public void Plans_used_longest_ago_go_when_all_take_too_much()
    {
        var built = 0;
        var cache = new PlanCache(
            (_, _) =>
            {
                built++;
                return PlanOf(10);
            },
            3 * PlanOf(10).Bytes);
        for (var batch = 1; batch <= 3; batch++)
        {
            cache.Get(batch, Size);
        }

        cache.Get(1, Size);
        cache.Get(4, Size); // 2 goes
        cache.Get(1, Size);
        cache.Get(3, Size);
        Assert.Equal(4, built);
        Assert.Equal(3 * PlanOf(10).Bytes, cache.Bytes);
        cache.Get(2, Size);
        Assert.Equal(5, built);
    }

    [Fact]
    public void A_plan_too_large_for_the_bound_is_made_all_the_same()
    {
        var cache = new PlanCache((_, _) => PlanOf(10), mostBytes: 1);
        var plan = cache.Get(1, Size);
        Assert.Same(plan, cache.Get(1, Size));
        Assert.NotSame(plan, cache.Get(2, Size));
        Assert.Equal(plan.Bytes, cache.Bytes);
    }

    [Fact]
    public void A_plan_that_could_not_be_made_is_tried_again()
    {
        var attempts = 0;
        var cache = new PlanCache((_, _) => ++attempts == 1 ? throw new InvalidTimeZoneException() : PlanOf(1));
        Assert.Throws<InvalidTimeZoneException>(() => cache.Get(1, Size));
        Assert.Equal(0, cache.Bytes);
        Assert.NotNull(cache.Get(1, Size));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public void Threads_that_ask_for_many_shapes_get_the_right_ones()
    {
        var cache = new PlanCache((batch, _) => PlanOf(batch), mostBytes: 10 * PlanOf(10).Bytes);
        Parallel.For(0, 2000, i =>
        {
            var batch = 1 + (i * 7919 % 20);
            Assert.Equal(PlanOf(batch).Bytes, cache.Get(batch, Size).Bytes);
        });
        Assert.InRange(cache.Bytes, 1, 10 * PlanOf(10).Bytes);
    }

    private static Plan PlanOf(int steps) => new(Enumerable.Range(0, steps).Select(_ => new Nothing()));

    private sealed class Nothing : Step
    {
        public override IEnumerable<ArenaSlot> Slots => [];

        public override void Run(Call call)
        {
        }

        public override void Chunk(Call call, int phase, int chunk, int slot)
        {
        }
    }
}
