using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Torch.Perceptual;
using ConsistencyModels.Torch.Tests.Perceptual;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Runs;
using ConsistencyModels.Training.Tests.Runs;

namespace ConsistencyModels.Training.Tests.Objectives;

/// <summary>LPIPS as objectives ask for it; its numbers are the Torch engine's tests.</summary>
public sealed class PerceptualMetricTests(BackboneFiles files) : IClassFixture<BackboneFiles>
{
    private static readonly ImageShape Shape = new(2, 3, 8, 8);

    [Fact]
    public void Distillation_takes_a_step_by_it()
    {
        using var run = new TinyRun();
        var description = UNet2DDescription.Of(run.Options().Network);
        using var network = new TorchEngine().Create(description, new());
        using var teacher = Buffer(network, 1);
        using var target = Buffer(network, 2);
        Fill(network.Parameters, 3);
        IImageDistance? distance = null;
        var objective = ObjectiveCatalogue.Make("cd", Settings("lpips=squeeze", Weights(PerceptualBackbone.Squeeze)), options => distance = LpipsDistance.Open(options));
        using var opened = distance;

        var batch = Batch();
        using var networks = new StepNetworks(
            network, target, new(new BufferedUNet(network, teacher), Denoising.Preconditioning.Edm()), objective.Preconditioning, batch);
        var (losses, gradient) = (new float[Shape.Batch], new float[Shape.Length]);
        objective.Losses(networks, batch, default, losses, gradient);
        networks.Backward(gradient);
        Assert.All(losses, loss => Assert.InRange(loss, 1e-6f, 10f));
        Assert.InRange(network.Gradients.Norm(), 1e-6, 1e6);
        Assert.Equal(distance!.Identity, objective.Settings["lpips_weights"]);
        Assert.Equal("squeeze", objective.Settings["lpips"]);
        Assert.False(objective.Settings.ContainsKey("lpips_pooling"));
    }

    // 224 pixels are the network's, below 256 all are brought there, and what is larger stays: as the published training has it.
    [Theory]
    [InlineData(8, 224)]
    [InlineData(224, 224)]
    [InlineData(240, 224)]
    [InlineData(256, 256)]
    public void Small_images_are_brought_to_the_networks_size(int size, int expected)
    {
        using var distance = new Noted();
        var shape = new ImageShape(3, 3, size, size);
        var (distances, gradient) = (new float[3], new float[shape.Length]);
        PerceptualMetric.Resized(distance).Measure(new float[shape.Length], new float[shape.Length], shape, distances, gradient);
        Assert.All(distance.Shapes, seen => Assert.Equal((3, expected, expected), (seen.Channels, seen.Height, seen.Width)));
        Assert.Equal(3, distance.Shapes.Sum(seen => seen.Batch));
    }

    [Fact]
    public void A_batch_that_is_resized_in_parts_is_measured_as_a_whole()
    {
        // 20 images of 224x224 are a part.
        using var distance = new Noted();
        var shape = new ImageShape(50, 1, 2, 2);
        float[] images = [.. Enumerable.Range(0, shape.Length).Select(i => (float)(i / 4))];
        var (distances, gradient) = (new float[50], new float[shape.Length]);
        PerceptualMetric.Resized(distance).Measure(images, new float[shape.Length], shape, distances, gradient);
        Assert.Equal([20, 20, 10], distance.Shapes.Select(seen => seen.Batch));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (float)i), distances);
        Assert.All(gradient, value => Assert.Equal(224 * 224 / 4, value, 1f));
    }

    [Fact]
    public void What_is_missing_is_said_in_one_message()
    {
        string Refused(Func<PerceptualOptions, IImageDistance>? open, params string[] settings) =>
            Assert.Throws<ConsistencyModelsException>(() => ObjectiveCatalogue.Make("ct", Settings(settings), open)).Message;
        Assert.Equal(
            "ct: metric lpips measures with a network's features, and lpips_weights does not say where its weights are; expected the path of torchvision's alexnet-owt-7be5be79.pth, which lies at https://download.pytorch.org/models/",
            Refused(_ => new Noted(), "lpips=alex"));
        Assert.StartsWith("ct: metric lpips needs an engine with gradients", Refused(null, "lpips_weights=x"));
        Assert.Contains("expected vgg16 or alex or squeeze", Refused(_ => new Noted(), "lpips=resnet"));
        Assert.Contains("there is no setting \"lpips_pooling\"; expected one of", Refused(_ => new Noted(), "lpips=alex", "lpips_pooling=max", "lpips_weights=x"));
        Assert.Contains(", lpips_weights, ", Refused(_ => new Noted(), "lpips=alex", "no=1", "lpips_weights=x"));
        Assert.Contains(
            "there is no setting \"lpips_weights\"",
            Assert.Throws<ConsistencyModelsException>(() => ObjectiveCatalogue.Make("ct", [new("metric", "l2"), new("lpips_weights", "x")])).Message);
    }

    [Fact]
    public void No_engine_is_asked_for_another_metric()
    {
        var objective = ObjectiveCatalogue.Make("ct", [new("metric", "l1")], _ => throw new InvalidOperationException("Not needed."));
        Assert.IsType<L1Metric>(objective.Metric);
    }

    [Fact]
    public void Pooling_is_openais_unless_it_is_said_and_the_run_is_known_by_the_weights()
    {
        List<PerceptualOptions> asked = [];
        Objective Make(string identity, params string[] settings) => ObjectiveCatalogue.Make("ct", Settings(settings), options =>
        {
            asked.Add(options);
            return new Noted { Identity = identity };
        });

        var usual = ObjectiveText.Of(Make("sha256:1", "lpips_weights=/some where/a.pth"));
        Assert.True(ObjectiveText.SaySame(usual, ObjectiveText.Of(Make("sha256:1", "lpips_weights=b.pth", "lpips=VGG16"))));
        Assert.False(ObjectiveText.SaySame(usual, ObjectiveText.Of(Make("sha256:2", "lpips_weights=/some where/a.pth"))));
        Assert.False(ObjectiveText.SaySame(usual, ObjectiveText.Of(Make("sha256:1", "lpips_weights=b.pth", "lpips_pooling=max"))));
        Assert.False(ObjectiveText.SaySame(usual, ObjectiveText.Of(ObjectiveCatalogue.Make("ct"))));
        Assert.Equal(
            [
                new(PerceptualBackbone.Vgg16, "/some where/a.pth") { Pooling = PerceptualPooling.Average },
                new(PerceptualBackbone.Vgg16, "b.pth") { Pooling = PerceptualPooling.Average },
                new(PerceptualBackbone.Vgg16, "/some where/a.pth") { Pooling = PerceptualPooling.Average },
                new(PerceptualBackbone.Vgg16, "b.pth"),
            ],
            asked);
    }

    private static IEnumerable<KeyValuePair<string, string>> Settings(params string[] settings) =>
        [new("metric", "lpips"), .. settings.Select(setting => KeyValuePair.Create(setting.Split('=')[0], setting.Split('=')[1]))];

    private static IParameterBuffer Buffer(ITrainableUNet network, int seed)
    {
        var buffer = network.NewBuffer();
        Fill(buffer, seed);
        return buffer;
    }

    private static void Fill(IParameterBuffer buffer, int seed)
    {
        var random = new Random(seed);
        buffer.Write(0, [.. Enumerable.Range(0, (int)buffer.Length).Select(_ => 0.2f * (random.NextSingle() - 0.5f))]);
    }

    private static TrainingBatch Batch()
    {
        var generator = new Noise.TorchGenerator(11);
        var (images, noise) = (new float[Shape.Length], new float[Shape.Length]);
        generator.Rand(images);
        generator.Randn(noise);
        return new(Shape, images, new[] { 0, 1 }, noise, new float[] { 0, 1 }, new float[] { 0.3f, 0.7f }, 1);
    }

    private string Weights(PerceptualBackbone backbone) => $"lpips_weights={files[backbone]}";

    // The first value of each image, and a gradient of ones.
    private sealed class Noted : IImageDistance
    {
        public List<ImageShape> Shapes { get; } = [];

        public string Identity { get; init; } = "noted";

        public void Measure(ReadOnlySpan<float> images, ReadOnlySpan<float> targets, ImageShape shape, Span<float> distances, Span<float> gradient)
        {
            Shapes.Add(shape);
            for (var i = 0; i < shape.Batch; i++)
            {
                distances[i] = images[i * shape.ImageLength];
            }

            gradient.Fill(1);
        }

        public void Dispose()
        {
        }
    }
}
