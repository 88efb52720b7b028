using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// Models with randomly initialised weights: what tests, benchmarks and trainers start from. A weight comes into being when it is
/// read, so a model of any size takes the memory of its largest tensor while it is written.
/// </summary>
public static class FreshModel
{
    /// <summary>A model with random weights. The same arguments give the same bytes.</summary>
    /// <param name="config">The network.</param>
    /// <param name="scheduler">The noise schedule; null for the published models' with 40 steps.</param>
    /// <param name="classNames">Names of the classes, or null.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="kind">What the network is said to compute.</param>
    /// <exception cref="ConsistencyModelsException">The configuration is refused.</exception>
    /// <exception cref="ArgumentException">A setting of the scheduler is out of range, or there are names of classes the network does not have.</exception>
    public static Model Of(
        UNet2DConfig config,
        CMStochasticIterativeSchedulerConfig? scheduler = null,
        ClassNames? classNames = null,
        ulong seed = 0,
        ModelKind kind = ModelKind.Consistency)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (classNames?.ById.Keys.Any(index => index >= (config.NumClassEmbeds ?? 0)) == true)
        {
            throw new ArgumentException($"A class is named that the network does not have: num_class_embeds is {config.NumClassEmbeds?.ToString(CultureInfo.InvariantCulture) ?? "null"}.", nameof(classNames));
        }

        var network = UNet2DDescription.Of(config);
        return Model.Of(config, scheduler, kind, classNames, () => new FreshTensors(network, seed));
    }

    /// <summary>Tensors that come into being when they are read. Each has a generator of its own, so the order of reading does not matter.</summary>
    private sealed class FreshTensors : ITensorSource
    {
        private readonly Dictionary<string, (ParameterDescription Parameter, ulong Seed)> _parameters = [];

        public FreshTensors(UNet2DDescription network, ulong seed)
        {
            // One draw per tensor from the seed's generator: tensors get streams that have nothing to do with each other.
            var seeds = new long[network.Parameters.Count];
            new TorchGenerator(seed).RandInt(0, 1L << 32, seeds);
            for (var i = 0; i < seeds.Length; i++)
            {
                _parameters.Add(network.Parameters[i].Name, (network.Parameters[i], (ulong)seeds[i]));
            }

            Tensors = network.Parameters.ToDictionary(p => p.Name, p => new TensorInfo(p.Name, TensorDType.F32, p.Shape));
        }

        public string Origin => "fresh weights";

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

        public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

        public ReadOnlySpan<byte> Bytes(string name)
        {
            var values = new float[checked((int)_parameters[name].Parameter.Count)];
            CopyTo(name, values);
            return MemoryMarshal.AsBytes(values.AsSpan());
        }

        public void CopyTo(string name, Span<float> destination)
        {
            var (parameter, seed) = _parameters[name];

            // Not the zeros that trainers start residual branches with: a network of them would pass any image through.
            FreshValues.Fill(parameter, new TorchGenerator(seed), zeroResiduals: false, destination);
        }

        public void Release(string name)
        {
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>The values of a network before training.</summary>
public static class FreshValues
{
    /// <summary>Fills one parameter.</summary>
    /// <param name="parameter">Says which distribution.</param>
    /// <param name="generator">Source of randomness; constants draw nothing.</param>
    /// <param name="zeroResiduals">Layers that end a residual branch, and the last one, hold zeros instead.</param>
    /// <param name="values">Receives the values; as long as the parameter has elements.</param>
    public static void Fill(ParameterDescription parameter, TorchGenerator generator, bool zeroResiduals, Span<float> values)
    {
        if (zeroResiduals && parameter.EndsResidual)
        {
            values.Clear();
            return;
        }

        switch (parameter.Initialization)
        {
            case ParameterInitialization.One:
                values.Fill(1);
                break;
            case ParameterInitialization.Zero:
                values.Clear();
                break;
            case ParameterInitialization.Normal:
                generator.Randn(values);
                break;
            case ParameterInitialization.NormalTimes16:
                generator.Randn(values);
                TensorPrimitives.Multiply(values, 16f, values);
                break;
            case ParameterInitialization.UniformFanIn:
                var bound = 1 / MathF.Sqrt(parameter.FanIn);
                generator.Rand(values);
                TensorPrimitives.Multiply(values, 2 * bound, values);
                TensorPrimitives.Subtract(values, bound, values);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(parameter), parameter.Initialization, "Unknown initialisation.");
        }
    }
}
