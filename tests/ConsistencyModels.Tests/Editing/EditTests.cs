using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;
using ConsistencyModels.Tests.Pipelines;

namespace ConsistencyModels.Tests.Editing;

/// <summary>Edits of pictures, and what is wrong with them.</summary>
public sealed class EditTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void With_a_seed_per_image_a_picture_does_not_depend_on_its_batch()
    {
        using var pipeline = TestPipelines.Make(classes: 4);
        ImageBuffer[] images = [.. Enumerable.Range(0, 3).Select(seed => TestImages.Noise(8, 8, 3, seed))];
        var mask = ImageMask.Demo("left", new(8, 8));
        var together = pipeline.Inpaint(images, mask, new() { Seeds = [5, 6, 7] }, cancellationToken: Token).Images;
        var alone = pipeline.Inpaint([images[1]], mask, new() { Seeds = [6] }, cancellationToken: Token).Images;
        Assert.Equal(alone[0].Pixels, together[1].Pixels);
        Assert.NotEqual(together[0].Pixels, together[1].Pixels);
    }

    [Fact]
    public void Steps_default_to_ten_or_as_many_as_there_are_levels()
    {
        using var pipeline = TestPipelines.Make(null);
        var image = TestImages.Noise(8, 8, 3, 1);
        Assert.Equal(10, pipeline.Colorize([image], cancellationToken: Token).NetworkEvaluations);
        Assert.Equal(2, pipeline.Colorize([image], new() { Timesteps = [22, 0] }, cancellationToken: Token).NetworkEvaluations);
        Assert.Equal(3, pipeline.Stroke([image], cancellationToken: Token).NetworkEvaluations);
        Assert.Equal(1, pipeline.Denoise([image], 0.5, cancellationToken: Token).NetworkEvaluations);
    }

    [Fact]
    public void Without_compositing_known_pixels_carry_the_noise_of_the_last_step()
    {
        using var pipeline = TestPipelines.Make(null);
        var image = TestImages.Noise(8, 8, 3, 1);
        var shape = new ImageShape(1, 3, 8, 8);
        var values = new float[shape.Length];
        PixelConversion.FromImages([image], values);
        var result = pipeline.Edit(
            values, shape, Measurement.Inpainting(ImageMask.All(new(8, 8))), new() { NumInferenceSteps = 4, Seed = 1, OutputType = OutputType.Raw, Composite = false }, cancellationToken: Token).Values;
        Assert.NotEqual(values, result);
        Assert.All(values.Zip(result), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void Super_resolution_of_a_small_picture_has_its_pixels_as_means()
    {
        using var pipeline = TestPipelines.Make(null, channels: 1);
        var small = TestImages.Solid(4, 4, 90);
        var result = pipeline.SuperResolve([small], 2, new() { Seed = 1, OutputType = OutputType.Tensor }, cancellationToken: Token);
        Assert.Equal(new ImageShape(1, 1, 8, 8), result.Shape);
        Assert.Equal(90 / 255.0, result.Values.Average(), 0.05);
    }

    [Fact]
    public void A_stroke_is_its_picture_with_noise_denoised()
    {
        using var pipeline = TestPipelines.Make(null);
        var image = TestImages.Noise(8, 8, 3, 1);
        var shape = new ImageShape(1, 3, 8, 8);
        var latents = pipeline.LatentOf(9);
        var noisy = new float[shape.Length];
        PixelConversion.FromImages([image], noisy);
        for (var i = 0; i < noisy.Length; i++)
        {
            noisy[i] = (latents[i] * 0.5f) + noisy[i];
        }

        pipeline.Denoiser.Denoise(noisy, shape, [0.5f], [], noisy, cancellationToken: Token);
        var expected = PixelConversion.ToImages(noisy, shape)[0].Pixels;
        Assert.Equal(expected, pipeline.Stroke([image], 0.5, new() { NumInferenceSteps = 1, Seed = 9 }, cancellationToken: Token).Images[0].Pixels);
        Assert.Equal(expected, pipeline.Denoise([image], 0.5, addNoise: true, new() { Seed = 9 }, cancellationToken: Token).Images[0].Pixels);
        Assert.NotEqual(expected, pipeline.Denoise([image], 0.5, addNoise: false, new() { Seed = 9 }, cancellationToken: Token).Images[0].Pixels);
    }

    [Fact]
    public void Variations_differ_and_all_frames_of_an_interpolation_have_one_class()
    {
        using var pipeline = TestPipelines.Make(classes: 50);
        var image = TestImages.Noise(8, 8, 3, 1);
        var variations = pipeline.Variations(image, 3, options: new() { Seed = 1 }, cancellationToken: Token).Images;
        Assert.Equal(3, variations.Select(variation => Convert.ToHexString(variation.Pixels)).Distinct().Count());
        var labels = pipeline.Interpolate(image, TestImages.Noise(8, 8, 3, 2), 5, options: new() { Seed = 1 }, cancellationToken: Token).ClassLabels!;
        Assert.Equal(5, labels.Count);
        Assert.Single(labels.Distinct());
    }

    [Fact]
    public void Gray_pictures_go_into_a_model_of_colours_and_the_other_way_round()
    {
        using var rgb = TestPipelines.Make(null);
        using var gray = TestPipelines.Make(null, channels: 1);
        Assert.Equal(3, rgb.Colorize([TestImages.Noise(8, 8, 1, 1)], cancellationToken: Token).Images[0].Channels);
        Assert.Equal(1, gray.Stroke([TestImages.Noise(8, 8, 3, 1)], cancellationToken: Token).Images[0].Channels);
    }

    [Fact]
    public void An_edit_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        using var pipeline = TestPipelines.Make(null, afterPass: (call, _, _) =>
        {
            if (call == 1)
            {
                source.Cancel();
            }
        });
        Assert.Throws<OperationCanceledException>(() => pipeline.Colorize([TestImages.Noise(8, 8, 3, 1)], cancellationToken: source.Token));
    }

    [Fact]
    public void What_does_not_fit_is_said_in_a_line()
    {
        using var pipeline = TestPipelines.Make(null);
        using var gray = TestPipelines.Make(null, channels: 1);
        using var five = TestPipelines.Make(null, channels: 5);
        var image = TestImages.Noise(8, 8, 3, 1);
        Says("The mask is 4x8 pixels (height x width); expected the size of the images, 8x8.", () => pipeline.Inpaint([image], ImageMask.All(new(4, 8))));
        Says("The factor is 3, which does not divide the size 8x8; expected a divisor of both sides, such as 2, 4, 8.", () => pipeline.Edit([image], ImageEdit.Of(Measurement.SuperResolution(3, new(8, 8)))));
        Says("This edit weighs 3 colour channels against each other; the model's images have 1 (gray), expected 3.", () => gray.Colorize([image]));
        Says("The model's images have 5 channels and are not pictures; expected 1 (gray), 3 (RGB) or 4 (RGBA).", () => five.Stroke([image]));
        Says("The picture has 3 channels and no alpha, so nothing says what to fill; expected a picture with transparent parts.", () => FillMask.FromAlpha(image));
        Says("The rectangle is 4x4 at (6, 0) (width x height, column, row); expected one inside 8x8.", () => ImageMask.Rectangle(new(8, 8), 6, 0, 4, 4));
        Says("There is no mask 'spiral'; expected center, left, top, checkers, stripes.", () => ImageMask.Demo("spiral", new(8, 8)));
    }

    [Fact]
    public void Misuse_is_an_argument_exception()
    {
        using var pipeline = TestPipelines.Make(null);
        var image = TestImages.Noise(8, 8, 3, 1);
        Assert.Throws<ArgumentException>(() => pipeline.Colorize([], cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Colorize([image, TestImages.Noise(6, 8, 3, 1)], cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Colorize([TestImages.Noise(7, 8, 3, 1)], cancellationToken: Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Stroke([image], 0.002, cancellationToken: Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Stroke([image], double.NaN, cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Stroke([image], 1, new() { Timesteps = [3, 0] }, cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Interpolate(image, image, 3, options: new() { Seeds = [1, 2, 3] }, cancellationToken: Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Interpolate(image, image, 1, cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Interpolate(image, image, 3, options: new() { Seed = 1, Generator = new TorchGenerator(1) }, cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Edit(new float[5], new(1, 3, 8, 8), Measurement.Colorization(new ImageSize(8, 8)), cancellationToken: Token));
        Assert.Throws<ArgumentException>(() => pipeline.Edit(new float[64], new(1, 1, 8, 8), Measurement.Inpainting(ImageMask.All(new(8, 8))), cancellationToken: Token));
    }

    private static void Says(string message, Action action) =>
        Assert.Equal(message, Assert.Throws<ConsistencyModelsException>(action).Message);
}
