using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Tests;

/// <summary>Against the formulas of diffusers' Timesteps and GaussianFourierProjection, in float64.</summary>
public class TimeEmbeddingTests
{
    private static readonly double[] Times = [0.25, 1, 7.5, 1095.5];

    [Theory]
    [InlineData(16, 0, true)]
    [InlineData(16, 1, false)]
    [InlineData(9, 0, true)]
    public void Positions_are_sinusoids(int width, int freqShift, bool cosinesFirst)
    {
        var half = width / 2;
        Same(Networks.Plain with { BlockOutChannels = [width, 32], NormNumGroups = 1, FreqShift = freqShift, FlipSinToCos = cosinesFirst }, width, (_, t) =>
        [
            .. Enumerable.Range(0, half * 2).Select(i =>
            {
                var phase = t * Math.Exp(-Math.Log(10_000) * (i % half) / (half - freqShift));
                return i < half == cosinesFirst ? Math.Cos(phase) : Math.Sin(phase);
            }),
            .. new double[width % 2],
        ]);
    }

    [Fact]
    public void Fourier_features_are_sines_then_cosines_of_the_logarithm() => Same(Networks.Fourier, 32, (frequencies, t) =>
        [.. Angles(frequencies, t).Select(Math.Sin), .. Angles(frequencies, t).Select(Math.Cos)]);

    private static IEnumerable<double> Angles(float[] frequencies, double t) => frequencies.Select(frequency => Math.Log(t) * frequency * 2 * Math.PI);

    private static void Same(UNet2DConfig config, int width, Func<float[], double, double[]> expected)
    {
        var network = UNet2DDescription.Of(config);
        var operation = network.Operations.OfType<TimeEmbeddingOperation>().Single();
        using var store = new ParameterStore(network, ScalarType.Float32, CPU, trainable: false);
        using var scope = NewDisposeScope();
        var frequencies = Array.Empty<float>();
        if (operation.Features == TimeFeatures.Fourier)
        {
            frequencies = [.. Enumerable.Range(0, 16).Select(i => 0.1f * i)];
            frequencies.CopyTo(TensorMemory.Floats(store["time_proj.weight"]));
        }

        var features = new TimeFeatureLayer(store, operation).forward(tensor(Times, ScalarType.Float32));
        Assert.Equal([Times.Length, width], features.shape);
        for (var i = 0; i < Times.Length; i++)
        {
            // float32 phases of up to 1000 radians are good to 1e-4.
            Assert.Equal(expected(frequencies, Times[i]), features[i].data<float>().ToArray().Select(value => (double)value), (a, b) => Math.Abs(a - b) < 2e-4);
        }
    }
}
