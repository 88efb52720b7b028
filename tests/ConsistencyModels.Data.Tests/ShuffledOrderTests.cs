using ConsistencyModels.Noise;

namespace ConsistencyModels.Data.Tests;

public sealed class ShuffledOrderTests
{
    [Fact]
    public void Every_epoch_is_another_permutation()
    {
        ShuffledOrder order = new(50, seed: 3);
        int[][] epochs = [.. Enumerable.Range(0, 3).Select(e => Enumerable.Range(0, 50).Select(i => order[(e * 50L) + i]).ToArray())];
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 50), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);
        Assert.NotEqual(epochs[0], Enumerable.Range(0, 50).Select(i => new ShuffledOrder(50, seed: 4)[i]));
    }

    [Fact]
    public void The_order_is_the_one_that_runs_were_trained_with()
    {
        // The seed of epoch 2 of run 7: two rounds of SplitMix64, written out.
        static ulong Round(ulong seed, ulong value)
        {
            ulong x = unchecked(seed + (0x9E3779B97F4A7C15ul * (value + 1)));
            x = unchecked((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ul);
            x = unchecked((x ^ (x >> 27)) * 0x94D049BB133111EBul);
            return x ^ (x >> 31);
        }

        int[] expected = new TorchGenerator(Round(Round(7, 1), 2)).Randperm(10);
        ShuffledOrder order = new(10, seed: 7);
        Assert.Equal(expected, Enumerable.Range(20, 10).Select(i => order[i]));

        // As numbers, so that neither side can change unnoticed.
        Assert.Equal(Expected, Enumerable.Range(0, 10).Select(i => order[i]).ToArray());
    }

    private static readonly int[] Expected = [5, 9, 8, 7, 1, 4, 2, 0, 3, 6];

    [Fact]
    public void A_run_goes_on_in_the_middle_of_an_epoch()
    {
        ShuffledOrder whole = new(10, seed: 1);
        int[][] steps = new int[9][];
        for (int step = 0; step < steps.Length; step++)
        {
            whole.Fill(step, rank: 0, world: 1, steps[step] = new int[4]);
        }

        ShuffledOrder resumed = new(10, seed: 1);
        for (int step = 4; step < steps.Length; step++)
        {
            int[] batch = new int[4];
            resumed.Fill(step, rank: 0, world: 1, batch);
            Assert.Equal(steps[step], batch);
        }

        Assert.Equal(Enumerable.Range(0, 36).Select(i => whole[i]), steps.SelectMany(step => step));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void All_ranks_together_get_what_one_process_gets(int world)
    {
        for (long step = 0; step < 5; step++)
        {
            int[] together = new int[12];
            new ShuffledOrder(7, seed: 5).Fill(step, 0, 1, together);
            int[] shares = [.. Enumerable.Range(0, world).SelectMany(rank =>
            {
                int[] share = new int[12 / world];
                new ShuffledOrder(7, seed: 5).Fill(step, rank, world, share);
                return share;
            })];
            Assert.Equal(together, shares);
        }
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ShuffledOrder(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ShuffledOrder(300_000_000, 1));
        ShuffledOrder order = new(3, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => order[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Fill(0, 2, 2, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Fill(-1, 0, 1, new int[1]));
    }
}
