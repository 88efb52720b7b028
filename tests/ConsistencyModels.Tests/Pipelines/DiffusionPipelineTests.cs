using ConsistencyModels.Denoising;
using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Pipelines;

/// <summary>Any model, any sampler, and any denoiser around the model's own.</summary>
public sealed class DiffusionPipelineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_diffusion_model_is_drawn_with_Heuns_method_and_EDMs_scalings()
    {
        using var pipeline = Diffusion(out var network);
        var result = pipeline.Generate(new() { Seed = 5, BatchSize = 2, OutputType = OutputType.Raw }, Token);
        Assert.Equal((35, 35), (result.NetworkEvaluations, network.Calls.Count));

        var x = new float[2 * 192];
        var noise = new TorchGenerator(5);
        noise.Randn(x);
        using var same = new PointwiseUNet(network.Config);
        new HeunSampler(NoiseLevels.Karras(18)).Sample(
            new Denoiser(same, Preconditioning.Edm(), clip: false), x, new(2, 3, 8, 8), noise, new() { ClampResult = false }, Token);
        Assert.Equal(x, result.Values);
        Assert.Equal(7, pipeline.Generate(new() { NumInferenceSteps = 4 }, Token).NetworkEvaluations);
        Assert.Equal(1, pipeline.Generate(new() { NumInferenceSteps = 1 }, Token).NetworkEvaluations);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Any_sampler_draws_with_any_model(bool consistency)
    {
        using var pipeline = consistency ? TestPipelines.Make(classes: null) : Diffusion(out _);
        foreach (var kind in Enum.GetValues<SamplerKind>())
        {
            var sampler = new SamplerSettings { Kind = kind }.Create(pipeline.SchedulerConfig);
            var result = pipeline.Generate(new() { Sampler = sampler, Seed = 1, OutputType = OutputType.Raw }, Token);
            Assert.Equal(sampler.NetworkEvaluations, result.NetworkEvaluations);
            var x = new float[192];
            var noise = new TorchGenerator(1);
            noise.Randn(x);
            sampler.Sample(pipeline.Denoiser, x, new(1, 3, 8, 8), noise, new() { ClampResult = false }, Token);
            Assert.Equal(x, result.Values);
        }
    }

    [Fact]
    public void A_diffusion_model_edits_as_well()
    {
        using var pipeline = Diffusion(out _);
        var picture = TestImages.Noise(8, 8, 3, 1);
        var known = ImageMask.Demo("left", new(8, 8));
        var filled = pipeline.Inpaint([picture], known, new() { Seed = 1 }, Token);
        Assert.Equal(35, filled.NetworkEvaluations);
        Assert.Equal(picture.Pixel(6, 3), filled.Images[0].Pixel(6, 3));
        Assert.False(picture.Pixel(1, 3).SequenceEqual(filled.Images[0].Pixel(1, 3)));

        // From the picture's own noisy version down: Heun's levels begin there.
        var stroke = pipeline.Stroke([picture], 1.5, new() { Seed = 1, NumInferenceSteps = 3, OutputType = OutputType.Raw }, Token);
        Assert.Equal(5, stroke.NetworkEvaluations);
        var frames = pipeline.Interpolate(picture, TestImages.Noise(8, 8, 3, 2), 3, options: new() { Seed = 1, NumInferenceSteps = 2 }, cancellationToken: Token);
        Assert.Equal(picture.Pixels, frames.Images[0].Pixels);

        var sampler = new EulerSampler(NoiseLevels.Karras(4, sigmaMax: 1.5));
        Assert.Equal(4, pipeline.Stroke([picture], 1.5, new() { Sampler = sampler }, Token).NetworkEvaluations);
        Assert.Contains("starts at noise level 1.5; this edit starts at 2", Assert.Throws<ArgumentException>(() => pipeline.Stroke([picture], 2, new() { Sampler = sampler }, Token)).Message);
    }

    [Fact]
    public void Timesteps_are_for_consistency_models()
    {
        using var pipeline = Diffusion(out _);
        Assert.Contains("this is a diffusion model", Assert.Throws<ArgumentException>(() => pipeline.Generate(new() { Timesteps = [22, 0] }, Token)).Message);
        Assert.Contains("found neither", Assert.Throws<ArgumentException>(() => pipeline.Generate(new() { NumInferenceSteps = null }, Token)).Message);
    }

    // Ten steps without clipping: where a decorator lost the last bit of the conditioning, the pictures differed.
    [Fact]
    public void A_denoiser_around_the_models_own_changes_nothing_and_sees_everything()
    {
        var scheduler = new CMStochasticIterativeSchedulerConfig { ClipDenoised = false };
        var network = new PointwiseUNet(PointwiseUNet.SmallConfig(classes: 4));
        using var plain = new ConsistencyModelPipeline(network, scheduler);
        Counting? counting = null;
        using var wrapped = new DiffusionPipeline(
            Model.Of(network.Config, scheduler), new PointwiseUNet(network.Config), inner => counting = new Counting(inner));
        var options = new GenerateOptions { Seed = 3, BatchSize = 3, NumInferenceSteps = 10, OutputType = OutputType.Raw };
        Assert.Equal(plain.Generate(options, Token).Values, wrapped.Generate(options, Token).Values);
        Assert.Same(counting, wrapped.Denoiser);
        Assert.Equal(MultistepSchedule.FromSteps(10, scheduler).Levels.Select(level => level.Level), counting!.Levels);
        Assert.Equal(network.Calls.SelectMany(call => call.Timesteps), counting.Levels.Select(level => (float)level.Conditioning));

        // Tiles go through it, too.
        counting.Levels.Clear();
        wrapped.Generate(options with { BatchSize = 1, NumInferenceSteps = 1, Width = 12, Tiles = new() { BatchSize = 1 } }, Token);
        Assert.Equal(2, counting.Levels.Count);
    }

    [Fact]
    public void Tiles_of_a_pointwise_network_draw_what_one_pass_draws()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: 4);
        var options = new GenerateOptions { Seed = 3, BatchSize = 2, NumInferenceSteps = 3, Width = 20, Height = 12, OutputType = OutputType.Raw };
        var whole = pipeline.Generate(options, Token);
        var seen = new List<double>();
        var tiled = pipeline.Generate(options with { Tiles = new() { BatchSize = 5 }, Progress = new Reports(seen) }, Token);
        Assert.Equal(whole.Values, tiled.Values);
        Assert.Equal(whole.ClassLabels, tiled.ClassLabels);
        Assert.Contains(network.Calls, call => call.Shape == new ImageShape(5, 3, 8, 8));

        // Four by two windows an image, two images, five at once: four calls a step.
        Assert.Equal(12, seen.Count);
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(1, seen[^1]);

        // Any size from the model's up, of which the network's own factor need not be a divisor.
        Assert.Equal((9, 11), (pipeline.Generate(new() { Width = 9, Height = 11, Tiles = new() }, Token).Shape.Width, 11));
        Assert.Equal(10, pipeline.Generate(new() { Width = 9, Tiles = new() }, Token).NetworkEvaluations);
    }

    [Fact]
    public void What_an_edit_knows_it_knows_of_the_whole_canvas()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var picture = TestImages.Noise(21, 13, 3, 1);
        var mask = ImageMask.Of(new(13, 21), (y, x) => (x + y) % 3 == 0);
        var filled = pipeline.Inpaint([picture], mask, new() { Seed = 1, NumInferenceSteps = 2, Tiles = new() }, Token).Images[0];
        for (var i = 0; i < 13 * 21; i++)
        {
            Assert.True(!mask.IsKnown(0, i / 21, i % 21) || picture.Pixel(i % 21, i / 21).SequenceEqual(filled.Pixel(i % 21, i / 21)));
        }

        var large = pipeline.SuperResolve([TestImages.Solid(7, 5, 90, 90, 90)], 3, new() { Seed = 1, Tiles = new(), OutputType = OutputType.Raw }, Token);
        Assert.Equal(new ImageShape(1, 3, 15, 21), large.Shape);
        for (var patch = 0; patch < 35; patch++)
        {
            var corner = (patch / 7 * 3 * 21) + (patch % 7 * 3);
            Assert.Equal((2 * 90 / 255.0) - 1, Enumerable.Range(0, 9).Average(i => (double)large.Values[corner + (i / 3 * 21) + (i % 3)]), 1e-5);
        }
    }

    [Fact]
    public void A_request_is_checked_against_a_model_whose_weights_nobody_can_read()
    {
        var model = Model.Of(PointwiseUNet.SmallConfig(classes: 5), openWeights: () => throw new InvalidOperationException("The weights were opened."));
        var request = SamplingRequest.For(model, new GenerateOptions { BatchSize = 3, Timesteps = [22, 0] });
        Assert.Equal((new ImageShape(3, 3, 8, 8), 2), (request.Shape, request.Sampler.Steps));
        Assert.Throws<ArgumentException>(() => SamplingRequest.For(model, new GenerateOptions { Timesteps = [0, 22] }));
        var edit = SamplingRequest.For(model, ImageEdit.Stroke(2), default, new(2, 3, 8, 8), new EditOptions());
        Assert.Equal((3, 2), (edit.Sampler.Steps, edit.Sampler.InitialSigma));
        Assert.Throws<ArgumentOutOfRangeException>(() => SamplingRequest.For(model, ImageEdit.Stroke(0.001), default, new(2, 3, 8, 8), new EditOptions()));
        Assert.Throws<ConsistencyModelsException>(() => SamplingRequest.For(model, ImageEdit.SuperResolve(3), default, new(2, 3, 8, 8), new EditOptions()));
    }

    private static DiffusionPipeline Diffusion(out PointwiseUNet network)
    {
        network = new PointwiseUNet(PointwiseUNet.SmallConfig());
        return new(Model.Of(network.Config, kind: ModelKind.Diffusion), network);
    }

    private sealed class Counting(IDenoiser inner) : IDenoiser
    {
        public List<NoiseLevel> Levels { get; } = [];

        public void Denoise(
            ReadOnlySpan<float> x, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<int> classLabels, Span<float> denoised, CancellationToken cancellationToken = default)
        {
            Levels.AddRange(levels);
            inner.Denoise(x, shape, levels, classLabels, denoised, cancellationToken);
        }
    }

    private sealed class Reports(List<double> list) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => list.Add(value.Fraction);
    }
}
