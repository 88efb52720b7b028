using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

public sealed class UseCountTests
{
    private int _released;

    [Fact]
    public void Unused_it_is_released_when_it_is_closed_and_only_then()
    {
        var uses = new UseCount(() => _released++);
        uses.Enter(this);
        uses.Leave();
        Assert.Equal(0, _released);
        Assert.False(uses.IsClosed);

        Assert.True(uses.Close());
        Assert.False(uses.Close());
        Assert.Equal(1, _released);
        Assert.True(uses.IsClosed);
    }

    [Fact]
    public void In_use_it_is_released_by_the_last_user_and_takes_no_new_one()
    {
        var uses = new UseCount(() => _released++);
        uses.Enter(this);
        uses.Enter(this);
        Assert.True(uses.Close());
        Assert.Contains(nameof(UseCountTests), Assert.Throws<ObjectDisposedException>(() => uses.Enter(this)).ObjectName, StringComparison.Ordinal);
        uses.Leave();
        Assert.Equal(0, _released);
        uses.Leave();
        Assert.Equal(1, _released);
        Assert.Throws<ObjectDisposedException>(() => uses.Enter(this));
    }

    [Fact]
    public void Threads_that_race_never_use_what_is_released_and_release_it_once()
    {
        for (var round = 0; round < 200; round++)
        {
            var (released, late) = (0, 0);
            var uses = new UseCount(() => Interlocked.Increment(ref released));
            using var start = new Barrier(4);
            var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    for (var use = 0; ; use++)
                    {
                        uses.Enter(uses);
                        Interlocked.Add(ref late, Volatile.Read(ref released));
                        uses.Leave();
                        if (i < 2 && use == 100)
                        {
                            uses.Close();
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                    // As it should end.
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Assert.Equal((1, 0), (released, late));
        }
    }
}
