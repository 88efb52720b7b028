using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Tests.Cpu;

public sealed class ArenaPoolTests : IDisposable
{
    private const long Huge = 2L << 20; // buffers of two huge pages and more are multiples of one
    private const long Most = 100 * Huge;

    private readonly ManualTime _time = new();
    private readonly ArenaPool _pool;

    public ArenaPoolTests() => _pool = new ArenaPool(Most, _time);

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void What_comes_back_serves_the_next_call_if_it_is_large_enough_and_not_far_too_large()
    {
        var arena = _pool.Rent(30 * Huge);
        _pool.Return(arena);
        Assert.Same(arena, _pool.Rent(30 * Huge));
        _pool.Return(arena);
        var small = _pool.Rent(4 * Huge);
        Assert.NotSame(arena, small);
        var larger = _pool.Rent(31 * Huge);
        Assert.NotSame(arena, larger);
        Assert.Same(arena, _pool.Rent(20 * Huge));
        Assert.Equal(65 * Huge, _pool.Bytes);
    }

    [Fact]
    public void Arenas_that_nobody_uses_are_given_back_after_a_while_and_those_in_use_are_not()
    {
        var used = _pool.Rent(10 * Huge);
        _pool.Return(_pool.Rent(20 * Huge));
        var late = _pool.Rent(30 * Huge);
        Assert.Equal(60 * Huge, _pool.Bytes);
        _time.Advance(ArenaPool.Keep / 2);
        _pool.Return(late);
        _time.Advance(ArenaPool.Keep / 2);
        Assert.Equal(40 * Huge, _pool.Bytes);
        _time.Advance(ArenaPool.Keep);
        Assert.Equal(10 * Huge, _pool.Bytes);
        _pool.Return(used);
        _time.Advance(ArenaPool.Keep);
        _time.Advance(ArenaPool.Keep);
        Assert.Equal(0, _pool.Bytes);
    }

    [Fact]
    public void A_large_arena_goes_though_small_calls_keep_coming()
    {
        _pool.Return(_pool.Rent(90 * Huge));
        for (var i = 0; i < 30; i++)
        {
            _pool.Return(_pool.Rent(3 * Huge));
            _time.Advance(ArenaPool.Keep / 10);
        }

        Assert.Equal(3 * Huge, _pool.Bytes);
    }

    [Fact]
    public void Idle_arenas_make_room_for_what_is_needed()
    {
        var arenas = Enumerable.Range(0, 4).Select(_ => _pool.Rent(25 * Huge)).ToList();
        arenas.ForEach(_pool.Return);
        Assert.Equal(Most, _pool.Bytes);
        var large = _pool.Rent(80 * Huge);
        Assert.Equal(80 * Huge, _pool.Bytes);
        _pool.Return(large);
    }

    [Fact]
    public void Beyond_the_bound_nothing_is_kept()
    {
        var first = _pool.Rent(80 * Huge);
        var second = _pool.Rent(120 * Huge); // one image of a call is always granted
        _pool.Return(first);
        Assert.Equal(120 * Huge, _pool.Bytes);
        _pool.Return(second);
        Assert.Equal(0, _pool.Bytes);
    }

    [Fact]
    public void Calls_share_what_there_is()
    {
        long Reserved(int calls)
        {
            var reserved = _pool.Reserve(calls, Huge, TestContext.Current.CancellationToken);
            _pool.Release(reserved);
            return reserved;
        }

        Assert.Equal(Most, Reserved(1));
        Assert.Equal(Most / 4, Reserved(4));
        var arena = _pool.Rent(90 * Huge);
        Assert.Equal(10 * Huge, Reserved(2));
        _pool.Return(arena);
        Assert.Equal(Most / 2, Reserved(2));
        Assert.Equal(2 * Most, _pool.Reserve(1, 2 * Most, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_call_that_finds_no_room_waits_for_it_and_can_be_cancelled()
    {
        var all = _pool.Reserve(1, Huge, TestContext.Current.CancellationToken);
        Assert.Equal(0, _pool.Bytes);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var cancelled = Task.Run(() => _pool.Reserve(2, Huge, stop.Token), TestContext.Current.CancellationToken);
        var waiting = Task.Run(() => _pool.Reserve(2, Huge, TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(waiting.IsCompleted);
        var arena = _pool.Rent(10 * Huge, all);
        Assert.Equal(Most / 2, await waiting);
        Assert.Equal(10 * Huge, _pool.Bytes);
        _pool.Return(arena);
    }


    [Fact]
    public void What_comes_back_after_the_end_is_freed()
    {
        var arena = _pool.Rent(10 * Huge);
        _pool.Dispose();
        _pool.Return(arena);
        Assert.Equal(0, _pool.Bytes);
    }
}
