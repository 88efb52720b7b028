using ConsistencyModels.Cpu.Backward;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using CsCheck;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>The way back through every layer over random shapes, against central differences in double precision.</summary>
public sealed class GradientStepTests
{
    private static readonly Gen<int> Channels = Gen.Int[1, 40];

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Through_Winograd(int outputSize) =>
        Gen.Select(Gen.Select(Gen.Int[1, 6], Gen.Int[1, 11], Gen.Int[1, 11]), Gen.Select(Channels, Channels), Gen.Bool, Gen.Bool, Gen.Int[0, 1000]).Sample(
            (shape, channels, doubled, accumulate, seed) => Convolution(outputSize, shape, channels, doubled, accumulate, seed), iter: Iterations.Of(15));

    [Theory]
    [InlineData(2, 5, 160)]
    [InlineData(4, 3, 144)]
    [InlineData(4, 9, 160)]
    public void Through_Winograd_of_large_weights(int outputSize, int batch, int channels) =>
        Convolution(outputSize, (batch, 8, 7), (channels, channels), doubled: false, accumulate: false, seed: 1);

    [Fact]
    public void Through_gathered_pixels() =>
        Gen.Select(Gen.Select(Gen.Int[1, 4], Gen.Int[1, 6], Gen.Int[1, 6]), Gen.Select(Channels, Channels), Gen.Int[0, 1], Gen.Bool, Gen.Int[0, 1000]).Sample(
            (shape, channels, padding, ofSample, seed) =>
            {
                var (batch, height, width) = (shape.Item1, 2 * shape.Item2, 2 * shape.Item3);
                var (ci, co) = ofSample ? (1 + (channels.Item1 % 4), channels.Item2) : channels;
                var (stride, pad) = ofSample ? (1, 1) : (2, padding);
                var (outHeight, outWidth) = (height / stride, width / stride);
                var (random, center) = (new System.Random(seed), ofSample && seed % 2 == 0);
                float[] x = Reference.Normal(random, batch * height * width * ci), w = Reference.Normal(random, co * ci * 9, 0.3), b = Reference.Normal(random, co);
                var dy = Reference.Normal(random, batch * outHeight * outWidth * co);
                using var fixture = new GradientFixture { Sample = ofSample ? Planes(x, batch, height * width, ci) : [] };
                fixture.Parameter("c.weight", w);
                fixture.Parameter("c.bias", b);
                var input = ofSample ? null : fixture.Given(New(batch, height, width, ci), x);
                var output = New(batch, outHeight, outWidth, co);
                var spec = new GatherSpec
                {
                    Input = input,
                    InputSize = (height, width, ci),
                    Center = center,
                    Output = output,
                    Weights = ofSample ? fixture.Weights.InputConvolution("c", ci, co) : fixture.Weights.StridedConvolution("c", input!.Layout, co),
                    Bias = fixture.Weights.Bias("c", co),
                    Stride = stride,
                    Padding = pad,
                };
                var target = input is null ? null : New(batch, height, width, ci);
                var dx = target is null ? null : fixture.Wanted(target);
                var gradient = fixture.Given(New(batch, outHeight, outWidth, co), dy);
                var weights = new GatherGradient(spec, target is null ? null : new(target, false, null), gradient);
                fixture.Run([new GatherStep(spec)], ofSample ? [weights, new SampleGradient(spec, gradient)] : [weights]);
                double Loss() => Dot(Reference.Convolution(center ? [.. x.Select(value => (2 * value) - 1)] : x, batch, height, width, ci, w, b, stride, pad, outHeight, outWidth).Values, dy);
                GradientFixture.IsSlope(Loss, w, fixture.GradientOf("c.weight"), "weight");
                GradientFixture.IsSlope(Loss, b, fixture.GradientOf("c.bias"), "bias");
                GradientFixture.IsSlope(Loss, x, dx ?? Interleaved(fixture.SampleGradient, batch, height * width, ci), "input");
            },
            iter: Iterations.Of(15));

    [Fact]
    public void Through_linear_layers_of_one_feature_and_two() =>
        Gen.Select(Gen.Int[1, 300], Gen.Select(Gen.Int[1, 90], Gen.Int[1, 40], Channels), Gen.Bool, Gen.Int[0, 1000]).Sample(
            (rows, channels, accumulate, seed) =>
            {
                var (c1, c2, co) = channels;
                var random = new System.Random(seed);
                float[] x1 = Reference.Normal(random, rows * c1), x2 = Reference.Normal(random, rows * c2), b = Reference.Normal(random, co);
                float[] w = Reference.Normal(random, co * (c1 + c2), 0.3), dy = Reference.Normal(random, rows * co), old = Reference.Normal(random, rows * c2);
                using var fixture = new GradientFixture();
                fixture.Parameter("l.weight", w);
                fixture.Parameter("l.bias", b);
                Feature[] inputs = [fixture.Given(New(1, rows, 1, c1), x1), fixture.Given(New(1, rows, 1, c2), x2)];
                var spec = new LinearSpec
                {
                    Inputs = inputs,
                    Output = New(1, rows, 1, co),
                    Weights = fixture.Weights.Linear(["l"], fixture.Weights.Layout(c1, c2), co),
                    Bias = fixture.Weights.Biases(["l"], co),
                };
                Feature target1 = New(1, rows, 1, c1), target2 = fixture.Given(New(1, rows, 1, c2), old);
                float[] dx1 = fixture.Wanted(target1), dx2 = fixture.Wanted(target2);
                fixture.Run(
                    [new LinearStep(spec)],
                    [new LinearGradient(inputs, [new(target1, false, null), new(target2, accumulate, null)], spec.Weights, spec.Bias, fixture.Given(New(1, rows, 1, co), dy))]);
                double Loss()
                {
                    var x = Enumerable.Range(0, rows).SelectMany(row => x1.Skip(row * c1).Take(c1).Concat(x2.Skip(row * c2).Take(c2))).Select(value => (double)value).ToArray();
                    return Dot(Reference.Linear(x, rows, c1 + c2, w, b), dy);
                }

                GradientFixture.IsSlope(Loss, w, fixture.GradientOf("l.weight"), "weight");
                GradientFixture.IsSlope(Loss, b, fixture.GradientOf("l.bias"), "bias");
                GradientFixture.IsSlope(Loss, x1, dx1, "first");
                GradientFixture.IsSlope(Loss, x2, accumulate ? [.. dx2.Zip(old, (a, c) => a - c)] : dx2, "second");
            },
            iter: Iterations.Of(12));

    [Theory]
    [InlineData(700, 40, 30)] // parts of the rows, one block
    [InlineData(530, 300, 270)] // parts and blocks
    [InlineData(20, 330, 600)]
    public void Through_large_linear_layers_in_parts_and_blocks(int rows, int ci, int co)
    {
        var random = new System.Random(rows);
        float[] x = Reference.Normal(random, rows * ci), w = Reference.Normal(random, ci * co), b = Reference.Normal(random, co), dy = Reference.Normal(random, rows * co);
        using var fixture = new GradientFixture();
        fixture.Parameter("l.weight", w);
        fixture.Parameter("l.bias", b);
        var spec = new LinearSpec
        {
            Inputs = [fixture.Given(New(1, rows, 1, ci), x)],
            Output = New(1, rows, 1, co),
            Weights = fixture.Weights.Linear(["l"], fixture.Weights.Layout(ci), co),
            Bias = fixture.Weights.Biases(["l"], co),
        };
        var target = New(1, rows, 1, ci);
        var dx = fixture.Wanted(target);
        fixture.Run([new LinearStep(spec)], [new LinearGradient(spec.Inputs, [new(target, false, null)], spec.Weights, spec.Bias, fixture.Given(New(1, rows, 1, co), dy))]);
        var (weight, bias, input) = (new double[w.Length], new double[co], new double[x.Length]);
        for (var row = 0; row < rows; row++)
        {
            for (var o = 0; o < co; o++)
            {
                double gradient = dy[(row * co) + o];
                bias[o] += gradient;
                for (var i = 0; i < ci; i++)
                {
                    weight[(o * ci) + i] += gradient * x[(row * ci) + i];
                    input[(row * ci) + i] += gradient * w[(o * ci) + i];
                }
            }
        }

        Assert.InRange(Reference.Worst(weight, fixture.GradientOf("l.weight")) / weight.Max(Math.Abs), 0, 1e-6);
        Assert.InRange(Reference.Worst(bias, fixture.GradientOf("l.bias")) / bias.Max(Math.Abs), 0, 1e-6);
        Assert.InRange(Reference.Worst(input, dx) / input.Max(Math.Abs), 0, 1e-6);
    }

    [Fact]
    public void Through_attention() =>
        Gen.Select(Gen.Select(Gen.Int[1, 2], Gen.Int[1, 10], Gen.Int[1, 9]), Gen.Int[1, 3], Gen.Int[1, 20], Gen.Int[0, 1000]).Sample(
            (shape, heads, dim, seed) =>
            {
                var (batch, height, width) = shape;
                var (tokens, inner) = (height * width, heads * dim);
                var random = new System.Random(seed);
                var x = Reference.Normal(random, batch * tokens * 3 * inner);
                var dy = Reference.Normal(random, batch * tokens * inner);
                using var fixture = new GradientFixture();
                var layout = new ChannelLayout(inner, inner, inner);
                var spec = new AttentionSpec(fixture.Given(new(batch, height, width, layout), x), New(batch, height, width, inner), heads, dim);
                var target = new Feature(batch, height, width, layout);
                var dx = fixture.Wanted(target);
                fixture.Run([new AttentionStep(spec, batch)], [new AttentionGradientStep(spec, target, fixture.Given(New(batch, height, width, inner), dy))]);
                double Loss()
                {
                    var sum = 0.0;
                    for (var image = 0; image < batch; image++)
                    {
                        float[] Part(int part) => [.. Enumerable.Range(0, tokens * inner).Select(i => x[((((image * tokens) + (i / inner)) * 3) + part) * inner + (i % inner)])];
                        sum += Dot(Reference.Attention(Part(0), Part(1), Part(2), tokens, heads, dim), dy[(image * tokens * inner)..((image + 1) * tokens * inner)]);
                    }

                    return sum;
                }

                GradientFixture.IsSlope(Loss, x, dx, "projections");
            },
            iter: Iterations.Of(8));

    [Fact]
    public void Through_normalization_with_scale_and_shift_halving_and_what_else_is_added() =>
        Gen.Select(Gen.Select(Gen.Int[1, 3], Gen.Int[1, 5], Gen.Int[1, 5]), Gen.Select(Gen.Int[1, 4], Gen.Int[1, 5], Gen.Int[0, 3]), Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool), Gen.Int[0, 1000])
            .Sample(Norm, iter: Iterations.Of(25));

    private static void Norm((int, int, int) shape, (int, int, int) widths, (bool, bool, bool, bool) kinds, int seed)
    {
        var (batch, height, width) = (shape.Item1, 2 * shape.Item2, 2 * shape.Item3);
        var (groups, ofGroup, more) = widths;
        var (silu, halve, timed, added) = kinds;
        var (c1, c2) = (groups * ofGroup, groups * more); // a second feature, or none
        var (c, pixels) = (c1 + c2, height * width);
        var random = new System.Random(seed);
        float[] x1 = Reference.Normal(random, batch * pixels * c1), x2 = Reference.Normal(random, batch * pixels * c2);
        float[] weight = Reference.Normal(random, c), bias = Reference.Normal(random, c), time = Reference.Normal(random, batch * 2 * c), addend = Reference.Normal(random, x1.Length);
        var (outHeight, outWidth) = halve ? (height / 2, width / 2) : (height, width);
        float[] dy = Reference.Normal(random, batch * outHeight * outWidth * c), dm = Reference.Normal(random, dy.Length);
        using var fixture = new GradientFixture();
        fixture.Parameter("n.weight", weight);
        fixture.Parameter("n.bias", bias);
        var layout = c2 > 0 ? new ChannelLayout(c1, c2) : new ChannelLayout(c1);
        var timeLayout = new ChannelLayout(c1, c2, c1, c2);
        List<Feature> inputs = [fixture.Given(New(batch, height, width, c1), x1)];
        if (c2 > 0)
        {
            inputs.Add(fixture.Given(New(batch, height, width, c2), x2));
        }

        Feature Output() => new(batch, outHeight, outWidth, layout);
        var (columns, timeGradient) = (fixture.Given(new Feature(batch, 1, 1, timeLayout), time), new Feature(batch, 1, 1, timeLayout));
        var step = new NormStep(
            new NormSpec
            {
                Inputs = [.. inputs],
                Output = Output(),
                Weight = fixture.Weights.Vector("n.weight", layout),
                Bias = fixture.Weights.Vector("n.bias", layout),
                Groups = groups,
                Epsilon = 1e-3,
                SiLU = silu || halve,
                Halve = halve,
                HalvedInput = halve ? Output() : null,
                Time = timed ? new(columns, 0) : null,
                KeepsMoments = true,
            },
            batch,
            2);
        var targets = inputs.Select(input => new Feature(batch, height, width, input.Layout)).ToArray();
        var extra = fixture.Given(New(batch, height, width, c1), addend);
        var found = targets.Select(fixture.Wanted).ToArray();
        var dt = timed ? fixture.Wanted(timeGradient) : [];
        fixture.Run([step], [new NormGradient(new NormGradientSpec
        {
            Norm = step,
            Gradient = fixture.Given(Output(), dy),
            Targets = [.. targets.Select((target, i) => new GradientTarget(target, false, added && i == 0 ? extra : null))],
            HalvedGradient = halve ? fixture.Given(Output(), dm) : null,
            TimeGradient = timed ? timeGradient : null,
        })]);

        double Loss()
        {
            var x = Enumerable.Range(0, batch * pixels).SelectMany(row => x1.Skip(row * c1).Take(c1).Concat(x2.Skip(row * c2).Take(c2))).ToArray();
            var y = Reference.GroupNorm(x, batch, pixels, c, groups, 1e-3, weight, bias);
            for (var i = 0; i < y.Length; i++)
            {
                var (image, channel) = (i / (pixels * c), i % c);
                y[i] = timed ? (y[i] * (1.0 + time[(image * 2 * c) + channel])) + time[(image * 2 * c) + c + channel] : y[i];
                y[i] = silu || halve ? Reference.SiLU(y[i]) : y[i];
            }

            var sum = Dot(halve ? Reference.Halve(y, batch, height, width, c) : y, dy);
            sum += halve ? Dot(Reference.Halve(Array.ConvertAll(x, value => (double)value), batch, height, width, c), dm) : 0;
            return added ? sum + x1.Zip(addend, (a, b) => (double)a * b).Sum() : sum;
        }

        GradientFixture.IsSlope(Loss, weight, fixture.GradientOf("n.weight"), "weight");
        GradientFixture.IsSlope(Loss, bias, fixture.GradientOf("n.bias"), "bias");
        GradientFixture.IsSlope(Loss, x1, found[0], "first");
        if (c2 > 0)
        {
            GradientFixture.IsSlope(Loss, x2, found[1], "second");
        }

        if (timed)
        {
            GradientFixture.IsSlope(Loss, time, dt, "time");
        }
    }

    private static void Convolution(int outputSize, (int, int, int) shape, (int, int) channels, bool doubled, bool accumulate, int seed)
    {
        var (batch, height, width) = shape;
        var (ci, co) = channels;
        var (outHeight, outWidth) = doubled ? (2 * height, 2 * width) : (height, width);
        var random = new System.Random(seed);
        float[] x = Reference.Normal(random, batch * height * width * ci), w = Reference.Normal(random, co * ci * 9, 1 / Math.Sqrt(9 * ci)), b = Reference.Normal(random, co);
        float[] dy = Reference.Normal(random, batch * outHeight * outWidth * co), old = Reference.Normal(random, x.Length), time = Reference.Normal(random, batch * co);
        using var fixture = new GradientFixture();
        fixture.Parameter("c.weight", w);
        fixture.Parameter("c.bias", b);
        var input = fixture.Given(New(batch, height, width, ci), x);
        var columns = fixture.Given(New(batch, 1, 1, co), time);
        var spec = new ConvolutionSpec
        {
            Input = input,
            DoubleInput = doubled,
            Output = New(batch, outHeight, outWidth, co),
            Weights = fixture.Packed("c.weight", new PackedConvolution("c.weight", input.Layout, co, outputSize, half: false)),
            Bias = fixture.Weights.Bias("c", co),
            Time = new(columns, 0),
        };
        Feature target = New(batch, height, width, ci), timeGradient = New(batch, 1, 1, co);
        if (accumulate)
        {
            fixture.Given(target, old);
        }

        float[] dx = fixture.Wanted(target), dt = fixture.Wanted(timeGradient);
        fixture.Run([WinogradStep.Plan(spec, 2)], [WinogradGradientStep.Plan(new ConvolutionGradientSpec
        {
            Convolution = spec,
            Input = input,
            Gradient = fixture.Given(New(batch, outHeight, outWidth, co), dy),
            Target = new(target, accumulate, null),
            TimeGradient = timeGradient,
        })]);

        // Linear in each: the slope at a place is the loss of what that place alone makes.
        double Loss()
        {
            var image = doubled ? Reference.Double(x, batch, height, width, ci) : x;
            return Dot(Reference.Convolution(image, batch, outHeight, outWidth, ci, w, b, 1, 1, outHeight, outWidth).Values, dy);
        }

        if (ci < 100)
        {
            GradientFixture.IsSlope(Loss, w, fixture.GradientOf("c.weight"), "weight");
            GradientFixture.IsSlope(Loss, x, accumulate ? [.. dx.Zip(old, (a, c) => a - c)] : dx, "input");
        }
        else
        {
            var (slope, found) = (Slopes(batch, height, width, ci, co, x, w, dy), fixture.GradientOf("c.weight"));
            Assert.InRange(Reference.Worst(slope.Weight, found) / slope.Weight.Max(Math.Abs), 0, 1e-4);
            Assert.InRange(Reference.Worst(slope.Input, dx) / slope.Input.Max(Math.Abs), 0, 1e-4);
        }

        var sums = Enumerable.Range(0, batch * co).Select(i => Enumerable.Range(0, outHeight * outWidth).Sum(pixel => (double)dy[((((i / co) * outHeight * outWidth) + pixel) * co) + (i % co)])).ToArray();
        Assert.InRange(Reference.Worst(sums, dt), 0, 1e-4);
        Assert.InRange(Reference.Worst([.. Enumerable.Range(0, co).Select(i => Enumerable.Range(0, batch).Sum(image => sums[(image * co) + i]))], fixture.GradientOf("c.bias")), 0, 1e-4);
    }

    // Straight from the definition, where differences of the whole layer would take too long.
    private static (double[] Input, double[] Weight) Slopes(int batch, int height, int width, int ci, int co, float[] x, float[] w, float[] dy)
    {
        var (input, weight) = (new double[x.Length], new double[w.Length]);
        for (var pixel = 0; pixel < batch * height * width; pixel++)
        {
            var (image, place) = Math.DivRem(pixel, height * width);
            for (var tap = 0; tap < 9; tap++)
            {
                var (row, column) = ((place / width) - 1 + (tap / 3), (place % width) - 1 + (tap % 3));
                if (row < 0 || row >= height || column < 0 || column >= width)
                {
                    continue;
                }

                var from = ((image * height * width) + (row * width) + column) * ci;
                for (var o = 0; o < co; o++)
                {
                    double slope = dy[(pixel * co) + o];
                    for (var c = 0; c < ci; c++)
                    {
                        input[from + c] += slope * w[(((o * ci) + c) * 9) + tap];
                        weight[(((o * ci) + c) * 9) + tap] += slope * x[from + c];
                    }
                }
            }
        }

        return (input, weight);
    }

    private static Feature New(int batch, int height, int width, int channels) => new(batch, height, width, new ChannelLayout(channels));

    private static double Dot(double[] values, float[] direction) => values.Zip(direction, (a, b) => a * b).Sum();

    private static float[] Interleaved(float[] planes, int batch, int pixels, int channels) =>
        [.. Enumerable.Range(0, planes.Length).Select(i => planes[(((i / (pixels * channels) * channels) + (i % channels)) * pixels) + (i / channels % pixels)])];

    private static float[] Planes(float[] x, int batch, int pixels, int channels) =>
        [.. Enumerable.Range(0, x.Length).Select(i => x[(((i / (pixels * channels) * pixels) + (i % pixels)) * channels) + (i / pixels % channels)])];
}
