using System.Numerics.Tensors;
using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Tests.Samplers;

/// <summary>Every sampler with something known of the images, and with images to start from.</summary>
public sealed class SamplerEditTests
{
    private static readonly ImageShape Shape = new(2, 3, 8, 8);
    // The left half is made up, the right one known.
    private static readonly ImageMask Left = ImageMask.Demo("left", new(8, 8));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names() => SamplerTests.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_known_comes_back_bit_by_bit_and_the_rest_is_drawn(string name)
    {
        var reference = Uniform(5);
        var plain = Run(name, new() { ClampResult = false });
        var edited = Run(name, new() { ClampResult = false, Measurement = Measurement.Inpainting(Left), Reference = reference });
        for (var i = 0; i < edited.Length; i++)
        {
            if (Left.IsKnown(0, i % 64 / 8, i % 8))
            {
                Assert.Equal(BitConverter.SingleToInt32Bits(reference[i]), BitConverter.SingleToInt32Bits(edited[i]));
            }
        }

        // This denoiser works pixel by pixel, so nothing but the clamp tells what is drawn from what would have been.
        Assert.Equal(2 * 3 * 32, Enumerable.Range(0, edited.Length).Count(i => !Left.IsKnown(0, i % 64 / 8, i % 8) && edited[i] != reference[i]));
        Assert.NotEqual(plain, edited);
    }

    // Progressive distillation stops at its smallest level above 0, where the sample still holds a part of its noise.
    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_known_is_reached_by_the_sampler_itself(string name)
    {
        var reference = Uniform(5);
        var edited = Run(name, new() { ClampResult = false, Measurement = Measurement.Inpainting(Left), Reference = reference, Composite = false });
        var off = Enumerable.Range(0, edited.Length).Where(i => Left.IsKnown(0, i % 64 / 8, i % 8)).Max(i => Math.Abs(edited[i] - reference[i]));
        Assert.InRange(off, 0, name == "progdist" ? 0.02 : 1e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_callback_sees_what_is_known_in_the_estimate(string name)
    {
        var reference = Uniform(6);
        var steps = 0;
        var sampler = SamplerTests.Named(name);
        Run(name, new()
        {
            Measurement = Measurement.Inpainting(Left),
            Reference = reference,
            Callback = step =>
            {
                Assert.Equal((steps++, sampler.Steps), (step.Index, step.Count));
                Assert.Equal(reference[7], step.Denoised[7]);
                Assert.Equal(Shape, step.Shape);
                Assert.True(step.Level.Sigma >= step.Sigma);
            },
        });
        Assert.Equal(sampler.Steps, steps);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Noise_of_the_first_level_and_images_that_have_it_are_the_same(string name)
    {
        var noise = Normal(3);
        var images = Uniform(7);
        var sampler = SamplerTests.Named(name);
        var fromNoise = noise.ToArray();
        sampler.Sample(new GaussianDenoiser(), fromNoise, Shape, new TorchGenerator(4), new() { Start = images }, Token);
        var noisy = new float[images.Length];
        TensorPrimitives.MultiplyAdd(noise, (float)sampler.InitialSigma, images, noisy);
        var fromImages = new float[images.Length];
        sampler.Sample(new GaussianDenoiser(), fromImages, Shape, new TorchGenerator(4), new() { Start = noisy }, Token);
        Assert.Equal(fromNoise, fromImages, (a, b) => Math.Abs(a - b) < 1e-4);

        // And the images are seen: without them something else comes out.
        var without = noise.ToArray();
        sampler.Sample(new GaussianDenoiser(), without, Shape, new TorchGenerator(4), null, Token);
        Assert.NotEqual(without, fromNoise);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_a_callback_writes_goes_on_and_looking_changes_nothing(string name)
    {
        var looked = Run(name, new() { Callback = step => _ = step.Sample[0] });
        Assert.Equal(Run(name, null), looked);
        var sampler = SamplerTests.Named(name);
        var last = Run(name, new()
        {
            ClampResult = false,
            Callback = step =>
            {
                if (step.Index == sampler.Steps - 1)
                {
                    step.Sample.Fill(0.25f);
                }
            },
        });
        Assert.All(last, value => Assert.Equal(0.25f, value));
    }

    [Fact]
    public void Callbacks_come_every_so_many_steps()
    {
        List<int> steps = [];
        Run("euler", new() { Callback = step => steps.Add(step.Index), CallbackSteps = 7 });
        Assert.Equal([0, 7, 14], steps);
        Assert.Throws<ArgumentOutOfRangeException>(() => Run("euler", new() { CallbackSteps = 0 }));
    }

    [Fact]
    public void What_does_not_fit_the_batch_is_refused_before_the_denoiser_is_called()
    {
        var denoiser = new GaussianDenoiser();
        Refuse<ArgumentException>("The images to start from have 5 values; expected 384", new() { Start = new float[5] });
        Refuse<ArgumentException>("The reference has 5 values; expected 384", new() { Measurement = Measurement.Inpainting(Left), Reference = new float[5] });
        Refuse<ArgumentException>("The reference has 0 values; expected 384", new() { Measurement = Measurement.Inpainting(Left) });
        Refuse<ConsistencyModelsException>("The mask is 4x4 pixels", new() { Measurement = Measurement.Inpainting(ImageMask.All(new(4, 4))), Reference = new float[384] });
        Assert.Equal(0, denoiser.Calls);

        void Refuse<T>(string part, SamplingOptions options)
            where T : Exception =>
            Assert.Contains(part, Assert.Throws<T>(() => new EdmSampler().Sample(denoiser, new float[384], Shape, new TorchGenerator(1), options, Token)).Message);
    }

    [Fact]
    public void Images_with_measurements_of_their_own_are_as_alone()
    {
        var reference = Uniform(8);
        var parts = new IMeasurement[] { Measurement.Inpainting(Left), Measurement.Inpainting(ImageMask.Demo("top", new(8, 8))) };
        var both = new PerImageMeasurement(parts);
        var together = Uniform(9);
        both.Impose(reference, together, Shape);
        for (var image = 0; image < 2; image++)
        {
            var part = (image * 192)..((image + 1) * 192);
            var alone = Uniform(9)[part];
            parts[image].Impose(reference.AsSpan(part), alone, Shape.WithBatch(1));
            Assert.Equal(alone, together[part]);
        }

        Assert.Contains("measurements for 2 images; expected 3", Assert.Throws<ConsistencyModelsException>(() => both.ThrowIfNotFor(Shape.WithBatch(3))).Message);
        Assert.Throws<ConsistencyModelsException>(() => both.ThrowIfNotFor(Shape with { Height = 4 }));
        Assert.Throws<ArgumentException>(() => both.Impose(reference, new float[3], Shape));
        Assert.Throws<ArgumentException>(() => new PerImageMeasurement([]));
    }

    private static float[] Run(string name, SamplingOptions? options)
    {
        var x = Normal(3);
        SamplerTests.Named(name).Sample(new GaussianDenoiser(), x, Shape, new TorchGenerator(4), options, Token);
        return x;
    }

    private static float[] Normal(ulong seed)
    {
        var values = new float[Shape.Length];
        new TorchGenerator(seed).Randn(values);
        return values;
    }

    private static float[] Uniform(int seed)
    {
        var random = new System.Random(seed);
        return [.. Enumerable.Range(0, Shape.Length).Select(_ => (2 * random.NextSingle()) - 1)];
    }
}
