using System.Globalization;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>
/// Rounding errors of each kind of layer against float64, the table of docs/benchmarks.md. With the environment variable
/// CONSISTENCY_MODELS_ERROR_TABLE set to a file, the lines of the table are added to it.
/// </summary>
public sealed class LayerErrorTests
{
    private const int Size = 16;

    public static TheoryData<string, int, int> Rows()
    {
        var rows = new TheoryData<string, int, int>();
        foreach (var kind in new[] { "F(4x4)", "F(2x2)", "stride 2", "linear", "norm", "attention" })
        {
            foreach (var channels in new[] { 32, 192 })
            {
                rows.Add(kind, channels, 0);
                rows.Add(kind, channels, 40);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Errors_of_a_layer_stay_small(string kind, int channels, int outliers)
    {
        var random = new System.Random(channels + outliers);
        var x = Reference.Normal(random, Size * Size * channels * (kind == "attention" ? 3 : 1));
        for (var i = 0; i < outliers; i++)
        {
            x[random.Next(x.Length)] = random.Next(2) == 0 ? 100 : -100;
        }

        var (expected, actual) = kind switch
        {
            "F(4x4)" => Convolution(x, channels, 4, random),
            "F(2x2)" => Convolution(x, channels, 2, random),
            "stride 2" => Strided(x, channels, random),
            "linear" => Linear(x, channels, random),
            "norm" => Norm(x, channels, random),
            _ => Attention(x, channels),
        };
        var largest = expected.Max(Math.Abs);
        var rms = Math.Sqrt(expected.Average(value => value * value));
        var errors = expected.Zip(actual, (e, a) => a - e).ToArray();
        var worst = errors.Max(Math.Abs) / largest;
        var typical = Math.Sqrt(errors.Average(error => error * error)) / rms;
        if (Environment.GetEnvironmentVariable("CONSISTENCY_MODELS_ERROR_TABLE") is { Length: > 0 } file)
        {
            File.AppendAllText(file, string.Create(
                CultureInfo.InvariantCulture, $"| {kind} | {channels} | {(outliers > 0 ? "outliers" : "normal")} | {typical:E1} | {worst:E1} |\n"));
        }

        Assert.InRange(typical, 1e-9, 2e-6);
        Assert.InRange(worst, 1e-9, 5e-6);
    }

    private static (double[] Expected, float[] Actual) Convolution(float[] x, int channels, int outputSize, System.Random random)
    {
        var (w, b) = (Reference.Normal(random, 16 * channels * 9, 1 / Math.Sqrt(9 * channels)), Reference.Normal(random, 16));
        using var fixture = new StepFixture(new MemoryTensors().Add("c.weight", w, 16, channels, 3, 3).Add("c.bias", b, 16));
        var input = fixture.Input(1, Size, Size, channels, x);
        var output = new Feature(1, Size, Size, new ChannelLayout(16));
        var spec = new ConvolutionSpec
        {
            Input = input,
            Output = output,
            Weights = fixture.Packed("c.weight", new PackedConvolution("c.weight", input.Layout, 16, outputSize, half: false)),
            Bias = fixture.Weights.Bias("c", 16),
        };
        return (
            Reference.Convolution(x, 1, Size, Size, channels, w, b, 1, 1, Size, Size).Values,
            fixture.Run(output, WinogradStep.Plan(spec, fixture.Threads)));
    }

    private static (double[] Expected, float[] Actual) Strided(float[] x, int channels, System.Random random)
    {
        var (w, b) = (Reference.Normal(random, 16 * channels * 9, 1 / Math.Sqrt(9 * channels)), Reference.Normal(random, 16));
        using var fixture = new StepFixture(new MemoryTensors().Add("c.weight", w, 16, channels, 3, 3).Add("c.bias", b, 16));
        var input = fixture.Input(1, Size, Size, channels, x);
        var output = new Feature(1, Size / 2, Size / 2, new ChannelLayout(16));
        var spec = new GatherSpec
        {
            Input = input,
            InputSize = (Size, Size, channels),
            Output = output,
            Weights = fixture.Weights.StridedConvolution("c", input.Layout, 16),
            Bias = fixture.Weights.Bias("c", 16),
            Stride = 2,
            Padding = 1,
        };
        return (
            Reference.Convolution(x, 1, Size, Size, channels, w, b, 2, 1, Size / 2, Size / 2).Values,
            fixture.Run(output, new GatherStep(spec)));
    }

    private static (double[] Expected, float[] Actual) Linear(float[] x, int channels, System.Random random)
    {
        var (w, b) = (Reference.Normal(random, 16 * channels, 1 / Math.Sqrt(channels)), Reference.Normal(random, 16));
        using var fixture = new StepFixture(new MemoryTensors().Add("l.weight", w, 16, channels).Add("l.bias", b, 16));
        var input = fixture.Input(1, Size, Size, channels, x);
        var output = new Feature(1, Size, Size, new ChannelLayout(16));
        var step = new LinearStep(new LinearSpec
        {
            Inputs = [input],
            Output = output,
            Weights = fixture.Weights.Linear(["l"], input.Layout, 16),
            Bias = fixture.Weights.Bias("l", 16),
        });
        return (Reference.Linear([.. x.Select(value => (double)value)], Size * Size, channels, w, b), fixture.Run(output, step));
    }

    private static (double[] Expected, float[] Actual) Norm(float[] x, int channels, System.Random random)
    {
        var (w, b) = (Reference.Normal(random, channels), Reference.Normal(random, channels));
        using var fixture = new StepFixture(new MemoryTensors().Add("n.weight", w, channels).Add("n.bias", b, channels));
        var input = fixture.Input(1, Size, Size, channels, x);
        var output = new Feature(1, Size, Size, input.Layout);
        var step = new NormStep(
            new NormSpec
            {
                Inputs = [input],
                Output = output,
                Weight = fixture.Weights.Vector("n.weight", input.Layout),
                Bias = fixture.Weights.Vector("n.bias", input.Layout),
                Groups = 32,
                Epsilon = 1e-5,
                SiLU = true,
            },
            1,
            fixture.Threads);
        return ([.. Reference.GroupNorm(x, 1, Size * Size, channels, 32, 1e-5, w, b).Select(Reference.SiLU)], fixture.Run(output, step));
    }

    private static (double[] Expected, float[] Actual) Attention(float[] x, int channels)
    {
        const int Heads = 2;
        using var fixture = new StepFixture(new MemoryTensors());
        var projected = fixture.Input(new Feature(1, Size, Size, new ChannelLayout(channels, channels, channels)), x);
        var output = new Feature(1, Size, Size, new ChannelLayout(channels));
        float[] Part(int part) => [.. Enumerable.Range(0, Size * Size).SelectMany(row => x.Skip((row * 3 * channels) + (part * channels)).Take(channels))];
        return (
            Reference.Attention(Part(0), Part(1), Part(2), Size * Size, Heads, channels / Heads),
            fixture.Run(output, new AttentionStep(new(projected, output, Heads, channels / Heads), 1)));
    }
}
