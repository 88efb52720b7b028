using System.Globalization;

namespace ConsistencyModels.Training.Tests.Parallel;

public sealed class MpiCollectiveTests
{
    [Theory]
    [InlineData(1, "1 2 0.5; 1 1E-12")]
    [InlineData(2, "3 6 1; 3 2E-12")]
    [InlineData(4, "10 20 2; 10 4E-12")]
    public async Task Every_process_has_the_sums_of_all_whatever_thread_asks(int count, string expected) =>
        Assert.Equal(OfAll(count, expected), Sorted(await Mpirun.Run(count, "sums")));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_broadcast_brings_what_process_0_has(int count) => Assert.Equal(OfAll(count, "7 0"), Sorted(await Mpirun.Run(count, "broadcast")));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Values_may_be_more_than_a_message_and_a_bucket_hold(int count) => Assert.Equal(OfAll(count, "0 wrong"), Sorted(await Mpirun.Run(count, "large")));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Sums_have_the_same_bits_in_every_process(int count)
    {
        var lines = Sorted(await Mpirun.Run(count, "bits"));
        Assert.Equal(count, lines.Length);
        Assert.Single(lines.Select(line => line.Split(": ")[1]).Distinct());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task What_one_process_decides_all_know(int count) => Assert.Equal(OfAll(count, "False True"), Sorted(await Mpirun.Run(count, "any")));

    [Theory]
    [InlineData("edm")]
    [InlineData("ect")]
    public async Task Losses_are_those_of_one_process_with_the_whole_batch(string objective)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(
            folder.File("config.json"),
            """
            {
              "_class_name": "UNet2DModel", "sample_size": 8, "in_channels": 3, "out_channels": 3, "block_out_channels": [16, 16],
              "norm_num_groups": 4, "layers_per_block": 1, "attention_head_dim": 8, "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
              "up_block_types": ["AttnUpBlock2D", "UpBlock2D"], "num_class_embeds": 2
            }
            """,
            TestContext.Current.CancellationToken);
        string[] args = ["train", objective, folder.File("config.json"), "8", "4", "1"];
        var expected = Losses((await Mpirun.Alone([], args)).Fine());
        Assert.Equal(4, expected.Length);
        foreach (var count in (int[])[1, 2, 4])
        {
            var lines = (await Mpirun.Run(count, args)).Fine();
            var losses = Losses(lines);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], losses[i], 1e-5 * expected[i]);
            }

            // The networks are one network, and a step moves each gradient once.
            var networks = lines.Where(line => line.Contains("; sums ", StringComparison.Ordinal)).Select(line => line.Split(": ")[1]).ToArray();
            Assert.Equal(count, networks.Length);
            Assert.EndsWith($"sums {(count == 1 ? 0 : 1)} x the parameters a step", Assert.Single(networks.Distinct()));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_process_that_fails_ends_the_job_with_its_message(int count)
    {
        var result = await Mpirun.Run(count, "abort");
        Assert.Equal(7, result.Code);
        Assert.Contains($"rank {Math.Min(1, count - 1)}: no more pictures, none at all\n", result.Errors.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task It_fails_even_while_another_thread_of_it_waits_for_the_others(int count)
    {
        var result = await Mpirun.Run(count, "abort-waiting");
        Assert.Equal(7, result.Code);
        Assert.Contains($"rank {count - 1}: the disk is full\n", result.Errors.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Work_that_throws_ends_the_job_in_place_of_waiting_for_the_others(int count)
    {
        var result = await Mpirun.Run(count, "throw");
        Assert.Equal(7, result.Code);
        Assert.Contains($"rank {count - 1}: cats.zip: damaged\n", result.Errors.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_process_that_is_gone_without_a_word_ends_the_job() => Assert.Equal(7, (await Mpirun.Run(2, "exit")).Code);

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_second_thread_is_refused_while_one_waits(int count)
    {
        using var folder = new TempFolder();
        Assert.Equal([$"0 of {count}: Another thread is in a call of MPI."], Sorted(await Mpirun.Run(count, "threads", folder.File("refused"))));
    }

    [Fact]
    public async Task A_null_reference_is_still_an_exception() => Assert.Equal(OfAll(2, "caught"), Sorted(await Mpirun.Run(2, "null")));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task It_ends_when_every_process_is_through(int count)
    {
        using var folder = new TempFolder();
        Assert.Equal(OfAll(count, "True"), Sorted(await Mpirun.Run(count, "end", folder.File("late"))));
    }

    [Fact]
    public async Task It_starts_once() =>
        Assert.Equal(["MPI was started before; it cannot be started twice in one process."], Sorted(await Mpirun.Run(1, "twice")));

    private static string[] OfAll(int count, string text) => [.. Enumerable.Range(0, count).Select(rank => $"{rank} of {count}: {text}")];

    private static string[] Sorted(Mpirun.Result result) => [.. result.Fine().Order(StringComparer.Ordinal)];

    private static double[] Losses(string[] lines) =>
        [.. lines.Single(line => line.StartsWith("losses ", StringComparison.Ordinal)).Split(' ')[1..].Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
}
