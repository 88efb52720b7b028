using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Pipelines;

public class GenerateErrorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Bad => new()
    {
        { "batch", "at least 1" },
        { "neither", "found neither" },
        { "steps", "expected 1 to num_train_timesteps, 40" },
        { "no timesteps", "empty" },
        { "ascending", "descending" },
        { "timestep too large", "below num_train_timesteps, 40" },
        { "callback steps", "CallbackSteps must be at least 1" },
        { "tiles", "are for at least that" },
        { "overlap", "overlap by 8; expected less than a side" },
        { "sampler and steps", "A sampler has its own steps" },
        { "sampler and timesteps", "A sampler has its own steps" },
        { "output", "must be one of Images, Array, Tensor, Raw" },
        { "two seeds", "At most one of Seed, Seeds and Generator" },
        { "empty seeds", "Seeds is empty" },
        { "seed count", "3 seeds or generators for a batch of 2" },
        { "label count", "3 class labels for a batch of 2" },
        { "label", "go from 0 to 4" },
        { "negative label", "go from 0 to 4" },
        { "latents", "expected 384, shape [2, 3, 8, 8]" },
        { "size", "multiples of 2" },
        { "huge", "larger than an array can be" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_option_is_named_before_anything_is_drawn_or_computed(string what, string says)
    {
        using var pipeline = TestPipelines.Make(out var network, classes: 5);
        var generator = new TorchGenerator(1);
        var good = new GenerateOptions { Generator = generator };
        var bad = what switch
        {
            "batch" => good with { BatchSize = 0 },
            "neither" => good with { NumInferenceSteps = null },
            "steps" => good with { NumInferenceSteps = 41 },
            "no timesteps" => good with { Timesteps = [] },
            "ascending" => good with { Timesteps = [0, 22] },
            "timestep too large" => good with { Timesteps = [40, 0] },
            "callback steps" => good with { CallbackSteps = 0 },
            "tiles" => good with { Width = 6, Tiles = new() },
            "overlap" => good with { Width = 16, Tiles = new() { Overlap = 8 } },
            "sampler and steps" => good with { Sampler = new OneStepSampler(), NumInferenceSteps = 1 },
            "sampler and timesteps" => good with { Sampler = new OneStepSampler(), Timesteps = [0] },
            "output" => good with { OutputType = (OutputType)9 },
            "two seeds" => good with { Seed = 1 },
            "empty seeds" => new() { Seeds = [] },
            "seed count" => new() { Seeds = [1, 2, 3], BatchSize = 2 },
            "label count" => good with { ClassLabels = [0, 1, 2], BatchSize = 2 },
            "label" => good with { ClassLabels = [5] },
            "negative label" => good with { ClassLabels = [-1] },
            "latents" => good with { Latents = new float[3 * 8 * 8], BatchSize = 2 },
            "size" => good with { Width = 9 },
            _ => good with { BatchSize = int.MaxValue },
        };
        var error = Assert.ThrowsAny<ArgumentException>(() => pipeline.Generate(bad, Token));
        Assert.Contains(says, error.Message);
        Assert.Empty(network.Calls);
        var next = new float[1];
        var first = new float[1];
        generator.Rand(next);
        new TorchGenerator(1).Rand(first);
        Assert.Equal(first, next);
    }

    [Fact]
    public void A_model_without_a_size_asks_for_one()
    {
        using var pipeline = new ConsistencyModelPipeline(new PointwiseUNet(PointwiseUNet.SmallConfig() with { SampleSize = null }));
        var error = Assert.Throws<ArgumentException>(() => pipeline.Generate(new(), Token));
        Assert.Contains("pass Height and Width", error.Message);
        Assert.Single(pipeline.Generate(new() { Height = 4, Width = 4 }, Token).Images);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_broken_network_is_reported_with_step_and_images_in_the_batch(float bad)
    {
        using var pipeline = TestPipelines.Make(classes: null, afterPass: (call, shape, output) =>
        {
            if (call == 1)
            {
                output[2 * shape.ImageLength] = bad;
            }
        });
        var error = Assert.Throws<NonFiniteOutputException>(() => pipeline.Generate(new() { NumInferenceSteps = 2, BatchSize = 3 }, Token));
        Assert.Equal([2], error.Images);
        Assert.Contains("at step 2 of 2 in image 2 of the batch", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_list_of_a_thousand_broken_images_stays_readable()
    {
        using var pipeline = TestPipelines.Make(classes: null, afterPass: (_, _, output) => output.Fill(float.NaN));
        var error = Assert.Throws<NonFiniteOutputException>(() => pipeline.Generate(new() { BatchSize = 1000 }, Token));
        Assert.Equal(1000, error.Images.Count);
        Assert.Contains("images 0, 1, 2, 3, 4, 5, 6, 7 and 992 more of the batch", error.Message);
    }

    [Fact]
    public void A_scheduler_of_nonsense_is_refused_at_once()
    {
        using var network = new PointwiseUNet(PointwiseUNet.SmallConfig());
        var error = Assert.Throws<ArgumentException>(
            () => new ConsistencyModelPipeline(network, new CMStochasticIterativeSchedulerConfig { SigmaMin = -1 }));
        Assert.Contains("sigma_min", error.Message);
    }
}
