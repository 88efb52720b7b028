using ConsistencyModels.Server.Batching;
using static ConsistencyModels.Server.Tests.Batching.Calls;

namespace ConsistencyModels.Server.Tests.Batching;

/// <summary>Several network calls under way at once.</summary>
public sealed class CallsAtOnceTests
{
    [Fact]
    public async Task As_many_calls_are_made_at_once_as_may_be_and_the_others_wait_for_the_first_that_ends()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network, new() { CallsAtOnce = 2 });
        var first = Call(batcher, 1, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var second = Call(batcher, 1, 1);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var others = Enumerable.Range(2, 5).Select(seed => Call(batcher, 1, seed)).ToArray();
        await WaitFor(() => batcher.Waiting == 5);
        network.Go();
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        network.Go(2);
        Check(await first, 1, 0);
        Check(await second, 1, 1);
        for (var i = 0; i < others.Length; i++)
        {
            Check(await others[i], 1, i + 2);
        }

        Assert.Equal([1, 1, 5], network.Calls.Select(call => call.Batch));
        Assert.Equal(2, network.MostAtOnce);
    }

    [Fact]
    public async Task One_image_comes_in_beside_a_request_of_many()
    {
        using var network = new FakeUNet(held: true);
        using var batcher = new NetworkBatcher(network, new() { CallsAtOnce = 2 });
        var many = Call(batcher, 64, 0);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        var one = Call(batcher, 1, 100);
        await network.Entered.WaitAsync(TestContext.Current.CancellationToken);
        network.Go(2);
        Check(await one, 1, 100);
        Check(await many, 64, 0);
        Assert.Equal([64, 1], network.Calls.Select(call => call.Batch));
    }

    [Fact]
    public async Task Who_leads_may_find_its_images_in_the_batches_of_another()
    {
        // One image at once: two requests that both lead take turns, and each calls the network with images of the other, too.
        using var network = new FakeUNet();
        using var batcher = new NetworkBatcher(network, new() { CallsAtOnce = 2, PixelsAtOnce = Side * Side });
        for (var round = 0; round < 100; round++)
        {
            var both = new[] { Call(batcher, 7, round), Call(batcher, 5, round + 1) };
            Check(await both[0], 7, round);
            Check(await both[1], 5, round + 1);
        }

        Assert.Equal(1200, network.Calls.Count);
        Assert.Equal(0, batcher.Waiting);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whoever_comes_and_goes_everyone_gets_its_own_and_nobody_waits_for_ever(int atOnce)
    {
        using var network = new FakeUNet();
        using var batcher = new NetworkBatcher(network, new() { CallsAtOnce = atOnce, PixelsAtOnce = 3 * Side * Side });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(client => Task.Factory.StartNew(() => Ask(client), TaskCreationOptions.LongRunning)));
        Assert.InRange(network.MostAtOnce, 1, atOnce);
        Assert.Equal(0, batcher.Waiting);
        Check(await Call(batcher, 4, 1), 4, 1);

        void Ask(int client)
        {
            var random = new Random(client);
            for (var i = 0; i < 300; i++)
            {
                var (images, seed, height) = (random.Next(1, 6), random.Next(1000), random.Next(4) == 0 ? 2 * Side : Side);
                using var patience = new CancellationTokenSource();
                if (random.Next(4) == 0)
                {
                    patience.CancelAfter(random.Next(3));
                }

                try
                {
                    using var mine = batcher.Open();
                    Check(Forward(mine, images, seed, patience.Token, height), images, seed);
                }
                catch (OperationCanceledException) when (patience.IsCancellationRequested)
                {
                }
            }
        }
    }

    [Fact]
    public void At_least_one() => Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkBatcher(new FakeUNet(), new() { CallsAtOnce = 0 }));
}
