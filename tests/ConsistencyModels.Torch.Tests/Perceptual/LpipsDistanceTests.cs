using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Perceptual;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests.Perceptual;

public sealed class LpipsDistanceTests(BackboneFiles files) : IClassFixture<BackboneFiles>
{
    [Theory]
    [InlineData(PerceptualBackbone.Vgg16, 32, 24)]
    [InlineData(PerceptualBackbone.Alex, 63, 32)]
    [InlineData(PerceptualBackbone.Squeeze, 35, 36)]
    [InlineData(PerceptualBackbone.Vgg16, 18, 21, PerceptualPooling.Average)]
    public void Distances_are_those_of_the_definition(PerceptualBackbone backbone, int height, int width, PerceptualPooling pooling = PerceptualPooling.Max)
    {
        var shape = new ImageShape(2, 3, height, width);
        var (a, b) = (Drawn(1, shape.Length), Drawn(2, shape.Length));
        var expected = Reference(backbone, pooling, reference => Enumerable.Range(0, 2).Select(i => reference.Distance(Image(a, shape, i), Image(b, shape, i), height, width)).ToArray());

        using var distance = LpipsDistance.Open(new(backbone, files[backbone]) { Pooling = pooling });
        var found = new float[2];
        distance.Measure(a, b, shape, found, []);
        Assert.All(expected, value => Assert.InRange(value, 0.05, 10));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [Theory]
    [InlineData(PerceptualBackbone.Vgg16, 3)]
    [InlineData(PerceptualBackbone.Vgg16, 3, PerceptualPooling.Average)]
    [InlineData(PerceptualBackbone.Alex, 3)]
    [InlineData(PerceptualBackbone.Squeeze, 3)]
    [InlineData(PerceptualBackbone.Squeeze, 1)]
    public void Gradients_are_the_slopes_of_the_definition(PerceptualBackbone backbone, int channels, PerceptualPooling pooling = PerceptualPooling.Max)
    {
        const double step = 1e-5;
        var side = Backbone.Of(backbone).LeastSize;
        var shape = new ImageShape(1, channels, side, side);
        var (a, b) = (Drawn(3, shape.Length), Drawn(4, shape.Length));
        using var distance = LpipsDistance.Open(new(backbone, files[backbone]) { Pooling = pooling });
        var gradient = new float[shape.Length];
        distance.Measure(a, b, shape, new float[1], gradient);

        var length = Math.Sqrt(gradient.Sum(value => (double)value * value));
        var (random, direction) = (new Random(5), new double[shape.Length]);
        Reference(backbone, pooling, reference =>
        {
            var goal = reference.Features(Image(b, shape, 0), side, side);
            double At(double share) => reference.Distance(reference.Features(Colours([.. a.Zip(direction, (value, way) => value + (share * way))], channels), side, side), goal);
            for (var round = 0; round < 4; round++)
            {
                // Everywhere at once in a random direction, then single values.
                Array.Clear(direction);
                direction[random.Next(direction.Length)] = 1;
                if (round == 0)
                {
                    direction.AsSpan().Clear();
                    for (var i = 0; i < direction.Length; i++)
                    {
                        direction[i] = (2 * random.Next(2)) - 1;
                    }
                }

                var slope = (At(step) - At(-step)) / (2 * step);
                var size = Math.Sqrt(direction.Sum(value => value * value));
                Assert.Equal(slope, gradient.Zip(direction, (value, way) => value * way).Sum(), 2e-3 * length * size / Math.Sqrt(direction.Length));
            }

            return length;
        });
        Assert.InRange(length, 1e-4, 1e4);
    }

    // With none, and with some whose squares are below what a float can be.
    [Theory]
    [InlineData(-100f)]
    [InlineData(1e-25f)]
    public void Where_features_vanish_the_gradient_is_zero_and_not_nan(float first)
    {
        using var folder = new TempFolder();
        var path = folder.File("dead.pth");
        TorchFileWriter.Write(path, BackboneFiles.Tensors(PerceptualBackbone.Alex).Select(tensor =>
        {
            var values = new float[tensor.Shape.Aggregate(1L, (product, side) => product * side)];
            Array.Fill(values, tensor.Name == "features.0.bias" ? first : tensor.Name.EndsWith("bias", StringComparison.Ordinal) ? 1 : 0);
            return TensorToWrite.FromFloats(tensor.Name, tensor.Shape, values);
        }));
        using var distance = LpipsDistance.Open(new(PerceptualBackbone.Alex, path));
        var shape = new ImageShape(1, 3, 32, 32);
        var (distances, gradient) = (new float[] { -1 }, Drawn(1, shape.Length));
        distance.Measure(Drawn(2, shape.Length), Drawn(3, shape.Length), shape, distances, gradient);
        Assert.Equal(0, distances[0]);
        Assert.All(gradient, value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(PerceptualBackbone.Vgg16)]
    [InlineData(PerceptualBackbone.Alex)]
    [InlineData(PerceptualBackbone.Squeeze)]
    public void Heads_are_the_published_ones_and_equal_images_are_at_distance_zero(PerceptualBackbone backbone)
    {
        var description = Backbone.Of(backbone);
        using var published = TorchFile.Open(RepositoryFiles.Path("third_party", "lpips", description.Heads + ".pth"));
        var heads = LpipsWeights.ReadHeads(description).ToArray();
        Assert.Equal(published.Tensors.Count, heads.Length);
        for (var i = 0; i < heads.Length; i++)
        {
            Assert.Equal([1, heads[i].Length, 1, 1], published.Tensors[$"lin{i}.model.1.weight"].Shape);
            Assert.True(published.Bytes($"lin{i}.model.1.weight").SequenceEqual(MemoryMarshal.AsBytes(heads[i].AsSpan())));
            Assert.All(heads[i], weight => Assert.True(weight >= 0));
            Assert.Contains(heads[i], weight => weight > 0);
        }

        var shape = new ImageShape(2, 3, 32, 32);
        var (images, distances, gradient) = (Drawn(6, shape.Length), new float[] { 1, 1 }, Drawn(1, shape.Length));
        using var distance = LpipsDistance.Open(new(backbone, files[backbone]));
        distance.Measure(images, images, shape, distances, gradient);
        Assert.Equal([0f, 0f], distances);
        Assert.All(gradient, value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_large_batch_is_measured_in_parts_and_grey_is_all_three_colours()
    {
        using var distance = LpipsDistance.Open(new(PerceptualBackbone.Alex, files[PerceptualBackbone.Alex]));
        var shape = new ImageShape(3, 1, 256, 200);
        var (a, b) = (Drawn(7, shape.Length), Drawn(8, shape.Length));
        var (distances, gradient) = (new float[3], new float[shape.Length]);
        distance.Measure(a, b, shape, distances, gradient);
        for (var i = 0; i < 3; i++)
        {
            var one = new ImageShape(1, 3, 256, 200);
            var part = new Range(i * shape.ImageLength, (i + 1) * shape.ImageLength);
            var (alone, back) = (new float[1], new float[one.Length]);
            distance.Measure([.. a[part], .. a[part], .. a[part]], [.. b[part], .. b[part], .. b[part]], one, alone, back);
            Assert.Equal(alone[0], distances[i], 1e-5f);
            var scale = back.Max(Math.Abs);
            Assert.All(Enumerable.Range(0, shape.ImageLength), at => Assert.Equal(
                back[at] + back[at + shape.ImageLength] + back[at + (2 * shape.ImageLength)], gradient[part][at], 1e-4f * scale));
        }
    }

    [Fact]
    public void The_identity_follows_the_weights_and_not_the_path()
    {
        using var folder = new TempFolder();
        var (same, other) = (folder.File("same.pth"), folder.File("other.pth"));
        File.Copy(files[PerceptualBackbone.Alex], same);
        TorchFileWriter.Write(other, BackboneFiles.Drawn(BackboneFiles.Tensors(PerceptualBackbone.Alex).Reverse()));
        string Identity(string path)
        {
            using var distance = LpipsDistance.Open(new(PerceptualBackbone.Alex, path));
            return distance.Identity;
        }

        Assert.Matches("^sha256:[0-9a-f]{16}$", Identity(same));
        Assert.Equal(Identity(files[PerceptualBackbone.Alex]), Identity(same));
        Assert.NotEqual(Identity(same), Identity(other));
    }

    [Fact]
    public void Two_hundred_measurements_leave_no_tensor_behind()
    {
        using var distance = LpipsDistance.Open(new(PerceptualBackbone.Squeeze, files[PerceptualBackbone.Squeeze]));
        var shape = new ImageShape(1, 3, 32, 32);
        var (a, b, distances, gradient) = (Drawn(1, shape.Length), Drawn(2, shape.Length), new float[1], new float[shape.Length]);
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (var i = 0; i < 200; i++)
        {
            distance.Measure(a, b, shape, distances, gradient);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Disposing_frees_every_tensor_and_a_file_that_is_refused_leaves_none()
    {
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        var distance = LpipsDistance.Open(new(PerceptualBackbone.Alex, files[PerceptualBackbone.Alex]));
        distance.Dispose();
        Assert.Throws<ObjectDisposedException>(() => distance.Measure(new float[3072], new float[3072], new(1, 3, 32, 32), new float[1], []));
        Assert.ThrowsAny<ConsistencyModelsException>(() => LpipsDistance.Open(new(PerceptualBackbone.Squeeze, files[PerceptualBackbone.Alex])));
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Files_that_do_not_fit_and_images_that_cannot_be_measured_are_refused_in_one_message()
    {
        using var folder = new TempFolder();
        var tensors = BackboneFiles.Tensors(PerceptualBackbone.Alex);
        string Refused(string name, IEnumerable<(string, long[])>? content, PerceptualPooling pooling = PerceptualPooling.Max)
        {
            var path = folder.File(name);
            if (content is not null)
            {
                TorchFileWriter.Write(path, BackboneFiles.Drawn(content));
            }

            return Assert.ThrowsAny<ConsistencyModelsException>(() => LpipsDistance.Open(new(PerceptualBackbone.Alex, path) { Pooling = pooling })).Message;
        }

        Assert.Equal($"{folder.File("none.pth")}: there is no such file; expected the weights of AlexNet, torchvision's alexnet-owt-7be5be79.pth for example", Refused("none.pth", null));
        Assert.Contains("1 missing: 'features.6.bias'; expected AlexNet as in torchvision's alexnet-owt-7be5be79.pth", Refused("a.pth", tensors.Where(tensor => tensor.Name != "features.6.bias")));
        Assert.Contains("'features.0.weight' is [64, 3, 7, 7], expected [64, 3, 11, 11]", Refused("b.pth", [("features.0.weight", [64, 3, 7, 7]), .. tensors.Skip(1)]));
        Assert.Contains("1 unexpected: 'features.12.weight'", Refused("c.pth", [.. tensors, ("features.12.weight", [3])]));
        Assert.Contains("average for AlexNet, expected max", Refused("none.pth", null, PerceptualPooling.Average));
        File.WriteAllText(folder.File("d.pth"), "no pickle");
        Assert.ThrowsAny<CheckpointException>(() => LpipsDistance.Open(new(PerceptualBackbone.Alex, folder.File("d.pth"))));

        using var distance = LpipsDistance.Open(new(PerceptualBackbone.Alex, files[PerceptualBackbone.Alex]));
        string Unmeasured(ImageShape shape) =>
            Assert.Throws<ConsistencyModelsException>(() => distance.Measure(new float[shape.Length], new float[shape.Length], shape, new float[1], [])).Message;
        Assert.Equal("lpips: the images have 4 channels, expected 3 or 1", Unmeasured(new(1, 4, 32, 32)));
        Assert.Equal("lpips: the images have 40x30 pixels, expected at least 31x31 for AlexNet", Unmeasured(new(1, 3, 40, 30)));
        Assert.Throws<ArgumentException>(() => distance.Measure(new float[9], new float[3072], new(1, 3, 32, 32), new float[1], []));
        Assert.Throws<ArgumentException>(() => distance.Measure(new float[3072], new float[3072], new(1, 3, 32, 32), new float[1], new float[5]));
    }

    private static float[] Drawn(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (2 * random.NextSingle()) - 1)];
    }

    private T Reference<T>(PerceptualBackbone backbone, PerceptualPooling pooling, Func<LpipsReference, T> ask)
    {
        using var file = TorchFile.Open(files[backbone]);
        return ask(new LpipsReference(backbone, file, pooling == PerceptualPooling.Average));
    }

    private static double[] Image(float[] images, ImageShape shape, int i) =>
        Colours([.. images.Skip(i * shape.ImageLength).Take(shape.ImageLength).Select(value => (double)value)], shape.Channels);

    private static double[] Colours(double[] image, int channels) => channels == 3 ? image : [.. image, .. image, .. image];
}
