using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Pipelines;

public class GenerateTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Everything by hand: two steps from sigma 80 to index 22's, with the draws in diffusers' order.
    [Fact]
    public void Two_steps_by_hand()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var result = pipeline.Generate(new() { Timesteps = [22, 0], Seed = 7, BatchSize = 2, OutputType = OutputType.Raw }, Token);

        var generator = new TorchGenerator(7);
        var x = new double[2 * 3 * 8 * 8];
        var noise = new float[x.Length];
        double[] sigmas = [80, 1.3823679685592651, 0.002];
        generator.Randn(noise);
        for (var i = 0; i < x.Length; i++)
        {
            x[i] = 80 * noise[i];
        }

        for (var step = 0; step < 2; step++)
        {
            generator.Randn(noise);
            for (var i = 0; i < x.Length; i++)
            {
                var s = sigmas[step];
                var norm = Math.Sqrt((s * s) + 0.25);
                var f = PointwiseUNet.Pixel((float)(x[i] / norm), (float)(250 * Math.Log(s)), 0);
                var denoised = Math.Clamp((0.25 / (Math.Pow(s - 0.002, 2) + 0.25) * x[i]) + ((s - 0.002) * 0.5 / norm * f), -1, 1);
                x[i] = denoised + (Math.Sqrt(Math.Max(0, Math.Pow(sigmas[step + 1], 2) - 4e-6)) * noise[i]);
            }
        }

        for (var i = 0; i < x.Length; i++)
        {
            Assert.Equal(x[i], result.Values[i], 1e-5);
        }

        Assert.Equal(2, result.NetworkEvaluations);
        Assert.Equal(new ImageShape(2, 3, 8, 8), result.Shape);
    }

    [Fact]
    public void One_step_draws_the_latents_and_nothing_more()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var generator = new TorchGenerator(3);
        pipeline.Generate(new() { Generator = generator }, Token);
        var reference = new TorchGenerator(3);
        reference.Randn(new float[3 * 8 * 8]);
        Assert.Equal(Next(reference), Next(generator));
    }

    [Fact]
    public void Every_step_of_several_draws_noise_even_the_last()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var generator = new TorchGenerator(3);
        pipeline.Generate(new() { Generator = generator, NumInferenceSteps = 3 }, Token);
        var reference = new TorchGenerator(3);
        for (var draw = 0; draw < 4; draw++)
        {
            reference.Randn(new float[3 * 8 * 8]);
        }

        Assert.Equal(Next(reference), Next(generator));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void With_a_seed_per_image_the_batch_does_not_matter(int batch)
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        ulong[] seeds = [11, 22, 33, 44];
        var all = pipeline.Generate(new() { Seeds = seeds, NumInferenceSteps = 3, OutputType = OutputType.Raw }, Token);
        Assert.Equal(4, all.Shape.Batch);
        for (var first = 0; first < seeds.Length; first += batch)
        {
            var part = seeds[first..Math.Min(first + batch, seeds.Length)];
            var some = pipeline.Generate(new() { Seeds = part, NumInferenceSteps = 3, OutputType = OutputType.Raw }, Token);
            var length = all.Shape.ImageLength;
            Assert.Equal(all.Values[(first * length)..((first + part.Length) * length)], some.Values);
            Assert.Equal(all.ClassLabels!.Skip(first).Take(part.Length), some.ClassLabels!);
            Assert.Equal(part, some.Seeds);
        }
    }

    [Fact]
    public void A_generator_per_image_is_the_same_as_its_seed()
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        var options = new GenerateOptions { NumInferenceSteps = 2, OutputType = OutputType.Raw };
        var seeds = pipeline.Generate(options with { Seeds = [5, 6] }, Token);
        var generators = pipeline.Generate(options with { Generator = new PerImageGenerator([new TorchGenerator(5), new TorchGenerator(6)]) }, Token);
        Assert.Equal(seeds.Values, generators.Values);
        Assert.Empty(generators.Seeds);
    }

    [Fact]
    public void A_chosen_seed_is_reported_and_gives_the_image_again()
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        var first = pipeline.Generate(new() { OutputType = OutputType.Raw }, Token);
        var second = pipeline.Generate(new() { OutputType = OutputType.Raw }, Token);
        Assert.NotEqual(first.Values, second.Values);
        var again = pipeline.Generate(new() { OutputType = OutputType.Raw, Seed = Assert.Single(first.Seeds) }, Token);
        Assert.Equal(first.Values, again.Values);
        Assert.Equal(first.ClassLabels, again.ClassLabels);
    }

    [Fact]
    public void Given_latents_are_scaled_as_drawn_ones_are()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var latents = new float[2 * 3 * 8 * 8];
        new TorchGenerator(4).Randn(latents);
        var options = new GenerateOptions { BatchSize = 2, OutputType = OutputType.Raw };
        var drawn = pipeline.Generate(options with { Seed = 4 }, Token);
        var given = pipeline.Generate(options with { Latents = latents }, Token);
        Assert.Equal(drawn.Values, given.Values);
    }

    [Fact]
    public void Another_size_than_the_networks_own()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var result = pipeline.Generate(new() { Height = 6, Width = 10, Seed = 1 }, Token);
        Assert.Equal((10, 6), (result.Images[0].Width, result.Images[0].Height));
    }

    [Fact]
    public void Two_threads_get_what_one_gets()
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        GenerateOptions Options(int i) => new() { Seed = (ulong)i, BatchSize = 3, NumInferenceSteps = 1 + (i % 4), OutputType = OutputType.Raw };
        var alone = Enumerable.Range(0, 16).Select(i => pipeline.Generate(Options(i), Token).Values).ToArray();
        var together = new float[alone.Length][];
        using var barrier = new Barrier(4);
        var threads = Enumerable.Range(0, 4).Select(thread => new Thread(() =>
        {
            barrier.SignalAndWait(Token);
            for (var i = thread; i < together.Length; i += 4)
            {
                together[i] = pipeline.Generate(Options(i), Token).Values;
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(alone, together);
    }

    private static float[] Next(TorchGenerator generator)
    {
        var numbers = new float[4];
        generator.Rand(numbers);
        return numbers;
    }
}
