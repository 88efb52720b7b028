using ConsistencyModels.Server.Batching;
using static ConsistencyModels.Server.Tests.Batching.Calls;

namespace ConsistencyModels.Server.Tests.Batching;

public sealed class NetworkBatcherTests
{
    [Fact]
    public async Task Whoever_waits_when_the_network_is_free_goes_into_its_next_call()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network);
        var first = Call(batcher, 1, seed: 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var others = Enumerable.Range(1, 5).Select(seed => Call(batcher, 1, seed)).ToArray();
        await WaitFor(() => batcher.Waiting == 5);
        network.Go(2);
        Check(await first, 1, 0);
        for (var i = 0; i < others.Length; i++)
        {
            Check(await others[i], 1, i + 1);
        }

        Assert.Equal([1, 5], network.Calls.Select(call => call.Batch));
    }

    [Fact]
    public async Task One_image_is_not_stuck_behind_many()
    {
        // Four at once: a request of 32 images goes through eight calls, and the one that comes in the middle goes with the next.
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network, new() { PixelsAtOnce = 4 * Side * Side });
        var large = Call(batcher, 32, seed: 100);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var small = Call(batcher, 1, seed: 200);
        await WaitFor(() => batcher.Waiting == 29);
        network.Go(2);
        Check(await small, 1, 200);
        Assert.False(large.IsCompleted);
        network.Go(20);
        Check(await large, 32, 100);
        Assert.Equal([4, 4, 4, 4, 4, 4, 4, 4, 1], network.Calls.Select(call => call.Batch));
    }

    [Fact]
    public async Task A_request_of_many_steps_does_not_starve_where_others_keep_coming()
    {
        // Two at once, three who call again and again: each gets two thirds of a call at least now and then.
        using var network = new FakeUNet();
        using var batcher = new NetworkBatcher(network, new() { PixelsAtOnce = 2 * Side * Side });
        using var stop = new CancellationTokenSource();
        var busy = Enumerable.Range(0, 3).Select(i => Task.Factory.StartNew(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    using var fresh = batcher.Open();
                    Forward(fresh, 2, i, CancellationToken.None);
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        await Task.Factory.StartNew(
            () =>
            {
                using var mine = batcher.Open();
                for (var step = 0; step < 40; step++)
                {
                    Check(Forward(mine, 1, step, CancellationToken.None), 1, step);
                }
            },
            TaskCreationOptions.LongRunning);
        await stop.CancelAsync();
        await Task.WhenAll(busy);
    }

    [Fact]
    public async Task Anothers_image_between_the_leaders_own_is_anothers()
    {
        // The call after the first has two images of the one who leads and one of another between them.
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network, new() { PixelsAtOnce = 3 * Side * Side });
        var first = Call(batcher, 1, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var three = Call(batcher, 3, 10);
        await WaitFor(() => batcher.Waiting == 3);
        var one = Call(batcher, 1, 20);
        await WaitFor(() => batcher.Waiting == 4);
        network.Go(5);
        Check(await three, 3, 10);
        Check(await one, 1, 20);
        await first;
        Assert.Equal([1, 3, 1], network.Calls.Select(call => call.Batch));
    }

    [Fact]
    public async Task Images_of_other_sizes_go_in_calls_of_their_own()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network);
        var first = Call(batcher, 1, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var (small, large, more) = (Call(batcher, 1, 1), Call(batcher, 1, 2, height: 16), Call(batcher, 1, 3));
        await WaitFor(() => batcher.Waiting == 3);
        network.Go(3);
        await Task.WhenAll(first, small, large, more);
        Check(await large, 1, 2);
        Assert.Equal([(1, 8), (1, 16), (2, 8)], network.Calls.Select(call => (call.Batch, call.Height)).OrderBy(call => call));
    }

    [Fact]
    public async Task Who_gives_up_while_it_waits_is_not_drawn()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network);
        using var cancel = new CancellationTokenSource();
        var first = Call(batcher, 1, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var gone = Call(batcher, 1, 1, cancellation: cancel.Token);
        var stays = Call(batcher, 1, 2);
        await WaitFor(() => batcher.Waiting == 2);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        network.Go(2);
        Check(await stays, 1, 2);
        await first;
        Assert.Equal([1, 1], network.Calls.Select(call => call.Batch));
        Assert.Equal(0, batcher.Waiting);
    }

    [Fact]
    public async Task A_call_goes_on_while_one_in_it_has_not_given_up_and_ends_when_all_have()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network);
        using var cancelOne = new CancellationTokenSource();
        using var cancelBoth = new CancellationTokenSource();
        var first = Call(batcher, 1, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var (one, other) = (Call(batcher, 1, 1, cancellation: cancelOne.Token), Call(batcher, 1, 2, cancellation: cancelBoth.Token));
        await WaitFor(() => batcher.Waiting == 2);
        network.Go();
        await first;
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        await cancelOne.CancelAsync();

        // The one who leads is in the call itself, and cannot leave before it ends; who waits leaves at once.
        await cancelBoth.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        network.Go();
        Check(await Call(batcher, 1, 3), 1, 3);
    }

    [Fact]
    public async Task What_the_network_throws_everyone_in_the_call_is_told_and_the_next_is_drawn()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network);
        network.Failure = new InvalidOperationException("broken");
        var first = Call(batcher, 1, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var others = Enumerable.Range(1, 3).Select(seed => Call(batcher, 2, seed)).ToArray();
        await WaitFor(() => batcher.Waiting == 6);
        network.Go(2);
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        foreach (var other in others)
        {
            Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => other)).Message);
        }

        network.Failure = null;
        network.Go();
        Check(await Call(batcher, 1, 9), 1, 9);
    }

    [Fact]
    public void A_wrong_argument_is_its_callers_alone()
    {
        using var network = new FakeUNet();
        using var batcher = new NetworkBatcher(network);
        using var mine = batcher.Open();
        Assert.Throws<ArgumentException>(() => mine.Forward(new float[64], new(1, 1, 8, 8), [1], [10], new float[64]));
        Assert.Empty(network.Calls);
    }

    [Fact]
    public void The_network_is_disposed_with_it_and_not_with_a_request()
    {
        using var network = new FakeUNet();
        var batcher = new NetworkBatcher(network);
        batcher.Open().Dispose();
        Assert.False(network.IsDisposed);
        batcher.Dispose();
        Assert.True(network.IsDisposed);
    }
}
