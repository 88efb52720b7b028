using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Steps;
using static TorchSharp.torch;

namespace ConsistencyModels.Golden.Tests.Training;

/// <summary>The gradient of every parameter of every recorded network, and of its input, against libtorch's in double precision.</summary>
public sealed class GradientTests
{
    private const double Tolerance = 1e-4;

    // Some of the networks, with random weights and few values in a group, are not that well conditioned: libtorch in single precision is
    // off by 2e-4.
    private const double MostOfLibtorch = 6;
    private const int Batch = 3;

    public static TheoryData<string> Networks =>
        [.. Directory.GetDirectories(Path.Combine(GoldenFolder.Root, "unet")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Are_those_of_libtorch(string name)
    {
        // Masks of dropout are each engine's own.
        var folder = Path.Combine(GoldenFolder.Root, "unet", name);
        var description = UNet2DDescription.Of(UNet2DConfig.Load(Path.Combine(folder, "config.json")) with { Dropout = 0 });
        using var weights = TensorFiles.Open(Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
        var call = new Call(description.Config);
        var exact = Exact(description, weights, call);
        var found = Of(new CpuEngine(), description, weights, call);
        var other = Of(new TorchEngine(), description, weights, call);
        var faults = new List<string>();
        var (offset, before) = (0, 0.0);
        foreach (var (part, count) in description.Parameters.Select(parameter => (parameter.Name, (int)parameter.Count)).Append(("the input", call.Sample.Length)))
        {
            var range = offset..(offset += count);
            var own = exact[range].Max(Math.Abs);

            // Zero but for rounding: of what a normalization takes away again, or adds one number to all of a query's scores.
            var scale = before = own < 1e-9 * before ? before : own;
            var (error, its) = (Error(exact[range], found[range]) / scale, Error(exact[range], other[range]) / scale);
            if (error > Math.Max(Tolerance, MostOfLibtorch * its))
            {
                faults.Add($"{part}: off by {error:E1} of its largest value {own:E1}, libtorch in single precision by {its:E1}");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private static double Error(double[] exact, float[] found) =>
        exact.Zip(found, (a, b) => float.IsNaN(b) ? double.PositiveInfinity : Math.Abs(a - b)).Max();

    private static float[] Of(ITrainingEngine engine, UNet2DDescription description, ITensorSource weights, Call call)
    {
        using var network = engine.Create(description, new EngineOptions());
        ParameterFiles.Load(description, network.Parameters, weights);
        using var pass = network.Forward(new(call.Sample, call.Shape, call.Timesteps, call.Labels) { WantsGradient = true }, 0, new float[call.Direction.Length]);
        var (parameters, input) = (new float[network.Gradients.Length], new float[call.Sample.Length]);
        pass.Backward(call.Direction, input);
        network.Gradients.Read(0, parameters);
        return [.. parameters, .. input];
    }

    private static double[] Exact(UNet2DDescription description, ITensorSource weights, Call call)
    {
        using var scope = NewDisposeScope();
        using var network = new UNet2DModel(description, CPU, ScalarType.Float64, trainable: true);
        ParameterFiller.Load(network, weights);
        var size = call.Shape;
        var x = tensor(call.Sample).to(ScalarType.Float64).view(size.Batch, size.Channels, size.Height, size.Width).requires_grad_(true);
        var labels = call.Labels.Length == 0 ? null : tensor(Array.ConvertAll(call.Labels, label => (long)label));
        var output = network.forward(x, tensor(call.Timesteps), labels);
        output.backward([tensor(call.Direction).to(ScalarType.Float64).view_as(output)]);
        return
        [
            .. description.Parameters.SelectMany(parameter =>
                network.ParameterNamed(parameter.Name).grad is { } gradient ? gradient.contiguous().data<double>().ToArray() : new double[parameter.Count]),
            .. x.grad!.contiguous().data<double>().ToArray(),
        ];
    }

    private sealed class Call
    {
        public Call(UNet2DConfig config)
        {
            var size = config.SampleSize!.Value;
            Shape = new(Batch, config.InChannels, size.Height, size.Width);
            Sample = new float[Shape.Length];
            Direction = new float[(Shape with { Channels = config.OutChannels }).Length];
            var generator = new TorchGenerator(5);
            generator.Randn(Sample);
            generator.Randn(Direction);
            Labels = config.NumClassEmbeds is { } classes ? [0, 1 % classes, classes - 1] : [];
        }

        public ImageShape Shape { get; }

        public float[] Sample { get; }

        public float[] Direction { get; }

        public float[] Timesteps { get; } = [3.5f, 250, 800];

        public int[] Labels { get; }
    }
}
