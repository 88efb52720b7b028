using ConsistencyModels.Data.Augmentation;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Data.Tests.Augmentation;

public sealed class AugmentationTests
{
    private const int Side = 16;

    private static float[] Batch(int images, int channels = 3, int height = Side, int width = Side)
    {
        float[] batch = new float[images * channels * height * width];
        new TorchGenerator(9).Randn(batch);
        return batch;
    }

    [Fact]
    public void A_step_is_a_function_of_its_seed_and_a_share_of_the_whole_batch()
    {
        AugmentationPipe pipe = new(AugmentationOptions.Edm with { Probability = 1 });
        AugmentationDraw draw = pipe.Draw(8, Side, Side, new TorchGenerator(1));
        AugmentationDraw again = pipe.Draw(8, Side, Side, new TorchGenerator(1));
        Assert.Equal(9, draw.LabelCount);
        Assert.Equal(draw.Labels.ToArray(), again.Labels.ToArray());
        float[] whole = Batch(8);
        float[] shares = Batch(8);
        AugmentationPipe.Apply(draw, 0, whole, 3);
        int half = whole.Length / 2;
        AugmentationPipe.Apply(again, 0, shares.AsSpan(0, half), 3);
        AugmentationPipe.Apply(again, 4, shares.AsSpan(half), 3);
        Assert.Equal(whole, shares);
        Assert.NotEqual(Batch(8), whole);
    }

    [Fact]
    public void Nothing_drawn_changes_nothing_and_has_labels_of_zero()
    {
        AugmentationPipe pipe = new(AugmentationOptions.Edm with { Probability = 0 });
        AugmentationDraw draw = pipe.Draw(4, Side, Side, new TorchGenerator(1));
        float[] batch = Batch(4);
        AugmentationPipe.Apply(draw, 0, batch, 3);
        Assert.All(draw.Labels.ToArray(), label => Assert.Equal(0, label));
        Assert.Equal(Batch(4), batch);
    }

    [Fact]
    public void The_probability_is_the_part_of_the_images_and_mirroring_is_of_half()
    {
        AugmentationPipe pipe = new(AugmentationOptions.Edm);
        AugmentationDraw draw = pipe.Draw(20_000, Side, Side, new TorchGenerator(2));
        double Part(int label) => Enumerable.Range(0, draw.Count).Count(i => draw.Labels[(i * 9) + label] != 0) / (double)draw.Count;

        // In the order of the labels: x mirrored, y mirrored, scale, cos and sin of rotation, of stretch, translation.
        double[] expected = [0.5, 0.06, 0.12, 0.12, 0.12, 0.12, 0.06, 0.12, 0.12];
        for (int label = 0; label < 9; label++)
        {
            Assert.InRange(Part(label), expected[label] - 0.01, expected[label] + 0.01);
        }
    }

    [Fact]
    public void Numbers_are_drawn_in_the_order_of_the_original()
    {
        // With PyTorch: torch.manual_seed(5); randint(2, [3,1,1,1]); rand([3,1,1,1]); then scale: randn([3]); rand([3]).
        TorchGenerator torch = new(5);
        long[] coins = new long[3];
        float[] uniform = new float[3];
        float[] normal = new float[3];
        torch.RandInt(0, 2, coins);
        torch.Rand(uniform);
        torch.Randn(normal);
        AugmentationDraw draw = new AugmentationPipe(new() { Probability = 1, MirrorX = 1, Scale = 1 }).Draw(3, Side, Side, new TorchGenerator(5));
        Assert.Equal(Enumerable.Range(0, 3).SelectMany(i => new[] { coins[i], normal[i] }), draw.Labels.ToArray());
    }

    [Fact]
    public void Whole_pixels_move_as_the_labels_say()
    {
        AugmentationOptions options = new() { Probability = 1, MirrorX = 1, MirrorY = 1, QuarterTurns = 1, WholeTranslation = 1 };
        AugmentationDraw draw = new AugmentationPipe(options).Draw(64, Side, Side, new TorchGenerator(3));
        float[] batch = Batch(64, 1);
        AugmentationPipe.Apply(draw, 0, batch, 1);
        float[] before = Batch(64, 1);
        for (int n = 0; n < 64; n++)
        {
            // The definition, image by image: mirrored, turned, then moved with its edges reflected.
            ReadOnlySpan<float> labels = draw.Labels.Slice(n * 6, 6);
            float[] image = before[(n * 256)..((n + 1) * 256)];
            image = labels[0] == 1 ? Map(image, (x, y) => (15 - x, y)) : image;
            image = labels[1] == 1 ? Map(image, (x, y) => (x, 15 - y)) : image;
            image = labels[2] == 1 ? Map(image, (x, y) => (15 - x, y)) : image;
            image = labels[3] == 1 ? Map(image, (x, y) => (x, 15 - y)) : image;
            image = labels[2] != labels[3] ? Map(image, (x, y) => (y, x)) : image; // turns 1 and 3
            int moveX = (int)MathF.Round(labels[4] * 2);
            int moveY = (int)MathF.Round(labels[5] * 2);
            image = Map(image, (x, y) => (Mirror(x - moveX), Mirror(y + moveY)));
            Assert.Equal(image, batch[(n * 256)..((n + 1) * 256)]);
        }

        static int Mirror(int at) => at < 0 ? -at : at > 15 ? 30 - at : at;
        static float[] Map(float[] image, Func<int, int, (int X, int Y)> from) =>
            [.. Enumerable.Range(0, 256).Select(i => from(i % 16, i / 16) is var (x, y) ? image[(y * 16) + x] : 0)];
    }

    [Fact]
    public void Wrong_options_and_sizes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new AugmentationPipe(new() { Probability = 1.5 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AugmentationPipe(new() { Probability = 0.5, Scale = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AugmentationPipe(new() { Probability = 0.5, ScaleStd = double.NaN }));
        Assert.Throws<ArgumentException>(() => new AugmentationPipe(new() { Probability = 1, QuarterTurns = 1 }).Draw(1, 8, 9, new TorchGenerator(1)));
        AugmentationDraw draw = new AugmentationPipe(AugmentationOptions.Edm).Draw(2, 8, 8, new TorchGenerator(1));
        Assert.Throws<ArgumentException>(() => AugmentationPipe.Apply(draw, 0, new float[193], 3));
        Assert.Throws<ArgumentException>(() => AugmentationPipe.Apply(draw, 1, new float[384], 3));
    }
}
