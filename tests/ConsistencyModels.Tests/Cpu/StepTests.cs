using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using CsCheck;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>Every step over random shapes, against definitions in double precision.</summary>
public sealed class StepTests
{
    private static readonly Gen<int> Size = Gen.Int[1, 33];
    private static readonly Gen<int> Channels = Gen.Int[1, 40];

    private static readonly Gen<WinogradCut> Cut =
        Gen.Select(Gen.Bool, Gen.Int[1, 24], Gen.Int[1, 4], (byTiles, tiles, panels) => new WinogradCut(byTiles, tiles, panels));

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Winograd_is_the_convolution(int outputSize) =>
        Gen.Select(Gen.Select(Gen.Int[1, 3], Size, Size), Gen.Select(Channels, Channels), Cut, Gen.Bool, Gen.Int[0, 2], Gen.Int[0, 1000]).Sample(
            (shape, channels, cut, doubled, residualKind, seed) =>
            {
                var (batch, height, width) = doubled ? (shape.Item1, (shape.Item2 + 1) / 2, (shape.Item3 + 1) / 2) : shape;
                var (ci, co) = channels;
                var random = new System.Random(seed);
                var x = Reference.Normal(random, batch * height * width * ci);
                var w = Reference.Normal(random, co * ci * 9, 1 / Math.Sqrt(9 * ci));
                var b = Reference.Normal(random, co);
                using var fixture = new StepFixture(new MemoryTensors().Add("c.weight", w, co, ci, 3, 3).Add("c.bias", b, co));
                var input = fixture.Input(batch, height, width, ci, x);
                var (outHeight, outWidth) = doubled ? (2 * height, 2 * width) : (height, width);
                var image = doubled ? Reference.Double(x, batch, height, width, ci) : x;
                var (expected, scale) = Reference.Convolution(image, batch, outHeight, outWidth, ci, w, b, 1, 1, outHeight, outWidth);
                Residual? residual = null;
                var added = new float[expected.Length];
                if (residualKind > 0)
                {
                    var half = residualKind == 2 && doubled;
                    var (h, v) = half ? (height, width) : (outHeight, outWidth);
                    var r = Reference.Normal(random, batch * h * v * co);
                    added = half ? Reference.Double(r, batch, h, v, co) : r;
                    residual = new Residual(fixture.Input(batch, h, v, co, r), half);
                }

                var output = new Feature(batch, outHeight, outWidth, new ChannelLayout(co));
                var weights = new PackedConvolution("c.weight", input.Layout, co, outputSize, half: false);
                var spec = new ConvolutionSpec
                {
                    Input = input,
                    DoubleInput = doubled,
                    Output = output,
                    Weights = fixture.Packed("c.weight", weights),
                    Bias = fixture.Weights.Bias("c", co),
                    Residual = residual,
                    Scale = 0.5f,
                };
                var actual = fixture.Run(output, WinogradStep.Plan(spec, fixture.Threads, cut));

                for (var i = 0; i < expected.Length; i++)
                {
                    expected[i] = (expected[i] + added[i]) * 0.5;
                }

                Assert.InRange(Reference.Worst(expected, actual), 0, 2e-5);

                // However it is cut, the same bits.
                Assert.Equal(actual, fixture.Run(output, WinogradStep.Plan(spec, fixture.Threads, cut with { ByTiles = !cut.ByTiles })));
                Assert.Equal(actual, fixture.Run(output, WinogradStep.Plan(spec, threads: 1)));
            },
            iter: Iterations.Of(40));

    [Fact]
    public void Gathering_is_the_convolution_with_either_padding() =>
        Gen.Select(Gen.Select(Gen.Int[1, 3], Gen.Int[1, 16], Gen.Int[1, 16]), Gen.Select(Channels, Channels), Gen.Int[0, 1], Gen.Int[0, 1000]).Sample(
            (shape, channels, padding, seed) =>
            {
                var (batch, height, width) = (shape.Item1, 2 * shape.Item2, 2 * shape.Item3);
                var (ci, co) = channels;
                var random = new System.Random(seed);
                var x = Reference.Normal(random, batch * height * width * ci);
                var w = Reference.Normal(random, co * ci * 9, 1 / Math.Sqrt(9 * ci));
                var b = Reference.Normal(random, co);
                using var fixture = new StepFixture(new MemoryTensors().Add("c.weight", w, co, ci, 3, 3).Add("c.bias", b, co));
                var input = fixture.Input(batch, height, width, ci, x);
                var output = new Feature(batch, height / 2, width / 2, new ChannelLayout(co));
                var spec = new GatherSpec
                {
                    Input = input,
                    InputSize = (height, width, ci),
                    Output = output,
                    Weights = fixture.Weights.StridedConvolution("c", input.Layout, co),
                    Bias = fixture.Weights.Bias("c", co),
                    Stride = 2,
                    Padding = padding,
                };
                var actual = fixture.Run(output, new GatherStep(spec));

                var (expected, _) = Reference.Convolution(x, batch, height, width, ci, w, b, 2, padding, height / 2, width / 2);
                Assert.InRange(Reference.Worst(expected, actual), 0, 1e-5);
            },
            iter: Iterations.Of(30));

    [Fact]
    public void Linear_layers_take_one_feature_or_two() =>
        Gen.Select(Gen.Select(Gen.Int[1, 3], Size, Size), Gen.Select(Channels, Gen.Int[0, 40], Channels), Gen.Int[0, 2], Gen.Int[0, 1000]).Sample(
            (shape, channels, residualKind, seed) =>
            {
                var (batch, height, width) = shape;
                var (c1, c2, co) = channels;
                var rows = batch * height * width;
                var random = new System.Random(seed);
                var x1 = Reference.Normal(random, rows * c1);
                var x2 = Reference.Normal(random, rows * c2);
                var r = Reference.Normal(random, rows * co);
                var w = Reference.Normal(random, co * (c1 + c2), 1 / Math.Sqrt(c1 + c2));
                var b = Reference.Normal(random, co);
                using var fixture = new StepFixture(new MemoryTensors().Add("l.weight", w, co, c1 + c2).Add("l.bias", b, co));
                List<Feature> inputs = [fixture.Input(batch, height, width, c1, x1)];
                if (c2 > 0)
                {
                    inputs.Add(fixture.Input(batch, height, width, c2, x2));
                }

                var layout = new ChannelLayout([.. inputs.Select(input => input.Layout.Channels)]);
                var residual = residualKind > 0 ? fixture.Input(batch, height, width, co, r) : null;
                var output = residualKind == 2 ? residual! : new Feature(batch, height, width, new ChannelLayout(co));
                var actual = fixture.Run(output, new LinearStep(new LinearSpec
                {
                    Inputs = [.. inputs],
                    Output = output,
                    Weights = fixture.Weights.Linear(["l"], layout, co),
                    Bias = fixture.Weights.Bias("l", co),
                    Residual = residual,
                }));

                var joined = Enumerable.Range(0, rows)
                    .SelectMany(row => x1.Skip(row * c1).Take(c1).Concat(x2.Skip(row * c2).Take(c2))).Select(v => (double)v).ToArray();
                var expected = Reference.Linear(joined, rows, c1 + c2, w, b);
                if (residualKind > 0)
                {
                    expected = [.. expected.Zip(r, (e, a) => e + a)];
                }

                Assert.InRange(Reference.Worst(expected, actual), 0, 1e-5);
            },
            iter: Iterations.Of(30));

    [Fact]
    public void Normalization_joins_halves_and_activates() =>
        Gen.Select(
            Gen.Select(Gen.Int[1, 3], Gen.Int[1, 16], Gen.Int[1, 16]), Gen.Select(Gen.Int[1, 8], Gen.Int[1, 5], Gen.Int[0, 5]),
            Gen.Bool, Gen.Bool, Gen.Int[0, 1000]).Sample(
            (shape, channels, silu, halve, seed) =>
            {
                var (batch, height, width) = (shape.Item1, 2 * shape.Item2, 2 * shape.Item3);
                var (groups, per1, per2) = channels;
                halve &= silu && per2 == 0;
                var (c1, c2) = (groups * per1, groups * per2);
                var total = c1 + c2;
                var pixels = height * width;
                var random = new System.Random(seed);
                var x = Reference.Normal(random, batch * pixels * total);
                for (var i = 0; i < x.Length; i++)
                {
                    x[i] += 30; // a mean far from zero: squares must not cancel
                }

                var w = Reference.Normal(random, total);
                var b = Reference.Normal(random, total);
                using var fixture = new StepFixture(new MemoryTensors().Add("n.weight", w, total).Add("n.bias", b, total));
                float[] Part(int first, int count) =>
                    [.. Enumerable.Range(0, batch * pixels).SelectMany(row => x.Skip((row * total) + first).Take(count))];
                List<Feature> inputs = [fixture.Input(batch, height, width, c1, Part(0, c1))];
                if (c2 > 0)
                {
                    inputs.Add(fixture.Input(batch, height, width, c2, Part(c1, c2)));
                }

                var layout = new ChannelLayout([.. inputs.Select(input => input.Layout.Channels)]);
                var output = halve ? new Feature(batch, height / 2, width / 2, layout) : new Feature(batch, height, width, layout);
                var halved = halve ? new Feature(batch, height / 2, width / 2, layout) : null;
                var step = new NormStep(
                    new NormSpec
                    {
                        Inputs = [.. inputs],
                        Output = output,
                        Weight = fixture.Weights.Vector("n.weight", layout),
                        Bias = fixture.Weights.Vector("n.bias", layout),
                        Groups = groups,
                        Epsilon = 1e-5,
                        SiLU = silu,
                        Halve = halve,
                        HalvedInput = halved,
                    },
                    batch,
                    threads: seed % 2 == 0 ? 1 : 4); // split by images if they are twice as many, else within them
                var actual = fixture.Run(output, step);

                var expected = Reference.GroupNorm(x, batch, pixels, total, groups, 1e-5, w, b);
                expected = silu ? [.. expected.Select(Reference.SiLU)] : expected;
                expected = halve ? Reference.Halve(expected, batch, height, width, total) : expected;
                Assert.InRange(Reference.Worst(expected, actual), 0, 5e-5);
            },
            iter: Iterations.Of(40));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Normalization_is_the_same_in_one_chunk_an_image_and_in_many(bool halve)
    {
        const int Height = 26, Width = 30, First = 160, Second = 96, Total = First + Second, Groups = 32;
        var random = new System.Random(5);
        var x = Reference.Normal(random, Height * Width * Total);
        var (w, b) = (Reference.Normal(random, Total), Reference.Normal(random, Total));
        using var fixture = new StepFixture(new MemoryTensors().Add("n.weight", w, Total).Add("n.bias", b, Total));
        float[] Part(int first, int count) => [.. Enumerable.Range(0, Height * Width).SelectMany(row => x.Skip((row * Total) + first).Take(count))];
        Feature[] inputs = [fixture.Input(1, Height, Width, First, Part(0, First)), fixture.Input(1, Height, Width, Second, Part(First, Second))];
        var layout = new ChannelLayout(First, Second);
        var output = halve ? new Feature(1, Height / 2, Width / 2, layout) : new Feature(1, Height, Width, layout);
        var spec = new NormSpec
        {
            Inputs = inputs,
            Output = output,
            Weight = fixture.Weights.Vector("n.weight", layout),
            Bias = fixture.Weights.Vector("n.bias", layout),
            Groups = Groups,
            Epsilon = 1e-5,
            SiLU = true,
            Halve = halve,
        };

        var whole = fixture.Run(output, new NormStep(spec, 1, threads: 0));
        var parts = fixture.Run(output, new NormStep(spec, 1, threads: 2));

        double[] expected = [.. Reference.GroupNorm(x, 1, Height * Width, Total, Groups, 1e-5, w, b).Select(Reference.SiLU)];
        expected = halve ? Reference.Halve(expected, 1, Height, Width, Total) : expected;
        Assert.InRange(Reference.Worst(expected, whole), 0, 1e-5);
        Assert.Equal(whole, parts);
    }

    [Fact]
    public void Attention_is_softmax_of_scores_times_values() =>
        Gen.Select(Gen.Select(Gen.Int[1, 2], Size, Gen.Int[1, 20]), Gen.Select(Gen.Int[1, 3], Gen.Int[1, 40]), Gen.Int[0, 1000]).Sample(
            (shape, heads, seed) =>
            {
                var (batch, height, width) = shape;
                var (count, dim) = heads;
                var inner = count * dim;
                var tokens = height * width;
                var random = new System.Random(seed);
                var x = Reference.Normal(random, batch * tokens * 3 * inner, 3);
                using var fixture = new StepFixture(new MemoryTensors());
                var layout = new ChannelLayout(inner, inner, inner);
                var projected = fixture.Input(new Feature(batch, height, width, layout), x);
                var output = new Feature(batch, height, width, new ChannelLayout(inner));
                var actual = fixture.Run(output, new AttentionStep(new(projected, output, count, dim), batch));

                float[] Part(int image, int part) =>
                    [.. Enumerable.Range(image * tokens, tokens).SelectMany(row => x.Skip((row * 3 * inner) + (part * inner)).Take(inner))];
                var expected = Enumerable.Range(0, batch)
                    .SelectMany(i => Reference.Attention(Part(i, 0), Part(i, 1), Part(i, 2), tokens, count, dim)).ToArray();
                Assert.InRange(Reference.Worst(expected, actual), 0, 1e-4);
            },
            iter: Iterations.Of(25));
}
