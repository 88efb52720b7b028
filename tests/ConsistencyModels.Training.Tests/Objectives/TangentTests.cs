using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Targets;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Tests.Objectives;

/// <summary>
/// The tangent of continuous-time consistency models against the derivative that libtorch takes: forward mode by two backward passes,
/// in double precision, through the network as a function of x_t/σ_data and of what it is told of the noise.
/// </summary>
public sealed class TangentTests
{
    private const double SigmaData = 0.5;
    private const double Share = 0.75;

    // The rounding of float32's outputs over the distance, and the cubic term: both small for slow features of time.
    private const double Tolerance = 2e-3;

    private static readonly UNet2DConfig Config = new()
    {
        SampleSize = new(8, 8),
        DownBlockTypes = ["DownBlock2D", "ResnetDownsampleBlock2D"],
        UpBlockTypes = ["ResnetUpsampleBlock2D", "UpBlock2D"],
        MidBlockType = null,
        BlockOutChannels = [16, 32],
        NormNumGroups = 4,
        LayersPerBlock = 1,
        ResnetTimeScaleShift = "scale_shift",
    };

    private static readonly float[] Sigmas = [0.05f, 0.4f, 1.3f, 6f];

    private readonly UNet2DDescription _description = UNet2DDescription.Of(Config);
    private readonly TrainingBatch _batch = Batch();
    private readonly float[] _parameters;

    public TangentTests() => _parameters = SlowParameters(_description);

    [Fact]
    public void The_continuous_form_is_the_derivative_by_double_backward()
    {
        var expected = ByDoubleBackward();
        Assert.All(Distances(expected, Tangent(new(SigmaData, Warmup: 4, Difference: 2e-3))), distance => Assert.InRange(distance, 0, Tolerance));

        // The difference is symmetric, so that halving it changes little.
        Assert.All(Distances(expected, Tangent(new(SigmaData, Warmup: 4, Difference: 8e-3))), distance => Assert.InRange(distance, 0, Tolerance));
    }

    [Fact]
    public void The_discrete_form_tends_to_it()
    {
        var expected = ByDoubleBackward();
        var (far, near, nearest) = (At(0.04), At(0.02), At(0.01));
        for (var i = 0; i < Sigmas.Length; i++)
        {
            // Of first order in the gap.
            Assert.InRange(far[i] / near[i], 1.7, 2.4);
            Assert.InRange(near[i] / nearest[i], 1.7, 2.4);
            Assert.InRange(nearest[i], 0, 0.03);
        }

        double[] At(double gap) => Distances(expected, Tangent(new(SigmaData, Warmup: 4, Gap: gap)));
    }

    [Fact]
    public void Both_ends_of_the_difference_have_the_same_dropout()
    {
        // With other masks at each end the derivative would be a thousand times too large, and twice that at half the distance.
        var config = Config with { Dropout = 0.3 };
        var (one, other) = (Tangent(new(SigmaData, Warmup: 4, Difference: 2e-3), config), Tangent(new(SigmaData, Warmup: 4, Difference: 4e-3), config));
        Assert.All(Distances(one, other), distance => Assert.InRange(distance, 0, Tolerance));
        Assert.All(Distances(one, Tangent(new(SigmaData, Warmup: 4, Difference: 2e-3))), distance => Assert.InRange(distance, 0.01, 10));
    }

    private static TrainingBatch Batch()
    {
        var shape = new ImageShape(Sigmas.Length, 3, 8, 8);
        var (images, noise) = (new float[shape.Length], new float[shape.Length]);
        var generator = new TorchGenerator(5);
        generator.Randn(images);
        generator.Randn(noise);
        return new(shape, Array.ConvertAll(images, value => value * (float)SigmaData), default, noise, new float[shape.Batch], new float[shape.Batch], DropoutSeed: 3);
    }

    // Fresh values; the fast waves of the time embedding count for nothing, for no difference in float32 follows them.
    private static float[] SlowParameters(UNet2DDescription description)
    {
        var generator = new TorchGenerator(7);
        var all = new List<float>();
        foreach (var parameter in description.Parameters)
        {
            var values = new float[parameter.Count];
            FreshValues.Fill(parameter, generator, zeroResiduals: false, values);
            if (parameter.Name == "time_embedding.linear_1.weight")
            {
                // Frequencies fall from 1 to 1e-4; sines and cosines have half of the columns each.
                var columns = (int)parameter.Shape[1];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] *= i % (columns / 2) < columns / 4 ? 0 : 3;
                }
            }

            all.AddRange(values);
        }

        return [.. all];
    }

    private float[] Tangent(TangentTarget target, UNet2DConfig? config = null)
    {
        using var network = new TorchEngine().Create(UNet2DDescription.Of(config ?? Config), new EngineOptions());
        network.Parameters.Write(0, _parameters);
        using var networks = new StepNetworks(network, null, null, Preconditioning.Edm(SigmaData), _batch);
        var noisy = new float[_batch.Shape.Length];
        NoiseArithmetic.Add(_batch.Images.Span, _batch.Noise.Span, Sigmas, noisy);
        var tangent = new float[noisy.Length];
        var clock = new TrainingClock(Step: 3, Images: 0, TotalSteps: 10);
        target.Tangent(new(_batch, clock, Array.ConvertAll(Sigmas, sigma => new LevelPair(sigma, 0)), noisy, noisy), networks, tangent);
        return tangent;
    }

    // g = -cos²t (σ_data F - dx/dt) - r cos t sin t (x_t + σ_data dF/dt), in TrigFlow's own terms.
    private float[] ByDoubleBackward()
    {
        using var scope = NewDisposeScope();
        using var network = new UNet2DModel(_description, dtype: ScalarType.Float64);
        network.FlatParameters.copy_(tensor(_parameters));
        var angles = tensor(Array.ConvertAll(Sigmas, sigma => Math.Atan(sigma / SigmaData)));
        var (cos, sin) = (angles.cos().view(-1, 1, 1, 1), angles.sin().view(-1, 1, 1, 1));
        var (image, noise) = (Images(_batch.Images), Images(_batch.Noise).Times(SigmaData));
        var (x, velocity) = ((cos * image).Plus(sin * noise), (cos * noise) - (sin * image));
        var input = x.Over(SigmaData).detach().requires_grad_();
        var level = angles.tan().Times(SigmaData).log().Times(250).detach().requires_grad_();
        var output = network.forward(input, level, null);
        var dual = zeros_like(output).requires_grad_();
        var back = autograd.grad([output], [input, level], [dual], create_graph: true);
        var along = (back[0] * velocity).Over(SigmaData).sum().Plus((back[1].Times(250) / (angles.sin() * angles.cos())).sum());
        var derivative = autograd.grad([along], [dual])[0];
        var (trig, slope) = (-output, -derivative);
        var tangent = -(cos * cos * (trig.Times(SigmaData) - velocity)) - (cos * sin * x.Plus(slope.Times(SigmaData))).Times(Share);
        return [.. tangent.detach().to(ScalarType.Float32).data<float>()];
    }

    private Tensor Images(ReadOnlyMemory<float> values) =>
        tensor(values.ToArray(), [_batch.Shape.Batch, _batch.Shape.Channels, _batch.Shape.Height, _batch.Shape.Width]).to(ScalarType.Float64);

    // Of each image, as a share of the norm.
    private double[] Distances(float[] expected, float[] actual)
    {
        var length = _batch.Shape.ImageLength;
        return [.. Enumerable.Range(0, _batch.Shape.Batch).Select(i =>
        {
            var (a, b) = (expected.Skip(i * length).Take(length), actual.Skip(i * length).Take(length));
            return Math.Sqrt(a.Zip(b, (x, y) => Math.Pow((double)x - y, 2)).Sum() / a.Sum(x => (double)x * x));
        })];
    }
}
