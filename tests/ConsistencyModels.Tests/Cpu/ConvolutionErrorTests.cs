using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>The bound by which Winograd's variants are chosen, on inputs as real networks have them: with outliers of 100 sigma.</summary>
public sealed class ConvolutionErrorTests
{
    private const int Size = 16;

    [Theory]
    [InlineData(2, 16, 0)]
    [InlineData(2, 16, 40)]
    [InlineData(2, 192, 40)]
    [InlineData(4, 16, 0)]
    [InlineData(4, 16, 40)]
    [InlineData(4, 192, 0)]
    [InlineData(4, 192, 40)]
    public void The_error_stays_within_its_bound(int outputSize, int channels, int outliers)
    {
        const int OutChannels = 16;
        var random = new System.Random(channels + outliers);
        var x = Reference.Normal(random, Size * Size * channels);
        for (var i = 0; i < outliers; i++)
        {
            x[random.Next(x.Length)] = random.Next(2) == 0 ? 100 : -100;
        }

        var w = Reference.Normal(random, OutChannels * channels * 9, 1 / Math.Sqrt(9 * channels));
        var b = new float[OutChannels];
        using var fixture = new StepFixture(new MemoryTensors().Add("c.weight", w, OutChannels, channels, 3, 3).Add("c.bias", b, OutChannels));
        var input = fixture.Input(1, Size, Size, channels, x);
        var output = new Feature(1, Size, Size, new ChannelLayout(OutChannels));
        var spec = new ConvolutionSpec
        {
            Input = input,
            Output = output,
            Weights = fixture.Packed("c.weight", new PackedConvolution("c.weight", input.Layout, OutChannels, outputSize, half: false)),
            Bias = fixture.Weights.Bias("c", OutChannels),
        };
        var actual = fixture.Run(output, WinogradStep.Plan(spec, fixture.Threads));
        var (expected, _) = Reference.Convolution(x, 1, Size, Size, channels, w, b, 1, 1, Size, Size);

        var scale = new double[expected.Length];
        for (var i = 0; i < scale.Length; i++)
        {
            scale[i] = Scale(x, w, channels, i / OutChannels, i % OutChannels, outputSize);
        }

        var worst = Reference.Worst(expected, actual, scale);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"F({outputSize}x{outputSize}), {channels} channels, {outliers} outliers: {worst:E2} of S, bound {ConvolutionChoice.ErrorBound(outputSize, channels):E2}; worst absolute {Reference.Worst(expected, actual):E2}");
        Assert.InRange(worst, 0, ConvolutionChoice.ErrorBound(outputSize, channels));
    }

    private static double Scale(float[] x, float[] w, int channels, int pixel, int o, int outputSize)
    {
        var (row, column) = (pixel / Size / outputSize * outputSize, pixel % Size / outputSize * outputSize);
        double sum = 0;
        for (var c = 0; c < channels; c++)
        {
            double norm = 0, largest = 0;
            for (var tap = 0; tap < 9; tap++)
            {
                norm += Math.Pow(w[(((o * channels) + c) * 9) + tap], 2);
            }

            for (var y = Math.Max(0, row - 1); y < Math.Min(Size, row + outputSize + 1); y++)
            {
                for (var z = Math.Max(0, column - 1); z < Math.Min(Size, column + outputSize + 1); z++)
                {
                    largest = Math.Max(largest, Math.Abs(x[(((y * Size) + z) * channels) + c]));
                }
            }

            sum += norm * largest * largest;
        }

        return Math.Sqrt(sum);
    }
}
