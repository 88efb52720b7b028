namespace ConsistencyModels.Data.Tests;

public sealed class BatchPrefetcherTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Batches_come_in_order_and_are_those_of_their_steps(int ahead)
    {
        using BatchPrefetcher<int> batches = new((step, _) => (int)(step * step), first: 5, end: 105, ahead);
        for (int step = 5; step < 105; step++)
        {
            Assert.Equal(step, batches.Step);
            Assert.Equal(step * step, batches.Next(Test));
        }

        Assert.Contains("end before step 105", Assert.Throws<InvalidOperationException>(() => batches.Next(Test)).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_next_batch_is_made_while_one_is_used_and_no_more_than_that(int ahead)
    {
        using SemaphoreSlim made = new(0);
        int count = 0;
        using BatchPrefetcher<long> batches = new(
            (step, _) =>
            {
                Interlocked.Increment(ref count);
                made.Release();
                return step;
            },
            first: 0,
            ahead: ahead);
        for (int i = 0; i < ahead; i++)
        {
            Assert.True(made.Wait(Soon, Test));
        }

        Thread.Sleep(50);
        Assert.Equal(ahead, Volatile.Read(ref count));
        Assert.Equal(0, batches.Next(Test));
        Assert.True(made.Wait(Soon, Test));
        Thread.Sleep(50);
        Assert.Equal(ahead + 1, Volatile.Read(ref count));
    }

    [Fact]
    public void A_failure_comes_out_at_its_step_and_stays()
    {
        using BatchPrefetcher<long> batches = new((step, _) => step == 2 ? throw new ConsistencyModelsException("damaged") : step, first: 0);
        Assert.Equal(0, batches.Next(Test));
        Assert.Equal(1, batches.Next(Test));
        Assert.Equal("damaged", Assert.Throws<ConsistencyModelsException>(() => batches.Next(Test)).Message);
        Assert.Equal("damaged", Assert.Throws<ConsistencyModelsException>(() => batches.Next(Test)).Message);
        Assert.Equal(2, batches.Step);
    }

    [Fact]
    public void Waiting_can_be_ended_without_losing_a_batch()
    {
        using ManualResetEventSlim go = new(false);
        using BatchPrefetcher<long> batches = new(
            (step, stop) =>
            {
                go.Wait(stop);
                return step;
            },
            first: 0);
        using CancellationTokenSource soon = new(20);
        Assert.ThrowsAny<OperationCanceledException>(() => batches.Next(soon.Token));
        go.Set();
        Assert.Equal(0, batches.Next(Test));
    }

    [Fact]
    public void Disposing_ends_the_thread_and_disposes_what_was_not_taken()
    {
        List<Batch> all = [];
        using ManualResetEventSlim second = new(false);
        BatchPrefetcher<Batch> batches = new(
            (step, stop) =>
            {
                if (step == 2)
                {
                    second.Set();
                    stop.WaitHandle.WaitOne(); // a long production that looks at the token
                    stop.ThrowIfCancellationRequested();
                }

                all.Add(new());
                return all[^1];
            },
            first: 0);
        Batch taken = batches.Next(Test);
        Assert.Same(all[0], taken);
        batches.Next(Test).Dispose();
        Assert.True(second.Wait(Soon, Test));
        batches.Dispose();
        batches.Dispose();
        Assert.Equal(2, all.Count);
        Assert.Equal(0, taken.Disposals);
        Assert.Throws<ObjectDisposedException>(() => batches.Next(Test));

        all.Clear();
        using (BatchPrefetcher<Batch> unused = new((_, _) => { all.Add(new()); return all[^1]; }, first: 0, end: 2, ahead: 2))
        {
            SpinWait.SpinUntil(() => all.Count == 2, Soon);
        }

        Assert.Equal([1, 1], all.Select(batch => batch.Disposals));
    }

    private sealed class Batch : IDisposable
    {
        public int Disposals { get; private set; }

        public void Dispose() => Disposals++;
    }
}
