using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// Writes pipeline folders with randomly initialised weights: what tests, benchmarks and trainers start from. The weights go
/// to the disk one tensor at a time, so a model of any size takes the memory of its largest tensor.
/// </summary>
public static class FreshModel
{
    /// <summary>Writes a complete pipeline folder. The same arguments give the same bytes.</summary>
    /// <param name="folder">The folder; created if need be. Files of an earlier model in it are replaced.</param>
    /// <param name="config">The network.</param>
    /// <param name="scheduler">The noise schedule; null for the published models' with 40 steps.</param>
    /// <param name="classNames">Names of the classes, or null.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="progress">Told after every tensor which part of the parameters is written, 0 to 1.</param>
    /// <param name="cancellationToken">Observed between tensors; no file is left half written.</param>
    /// <exception cref="ConsistencyModelsException">The configuration is refused, or a file cannot be written.</exception>
    /// <exception cref="ArgumentException">Another element type, a setting of the scheduler is out of range, or there are names of classes the network does not have.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Save(
        string folder,
        UNet2DConfig config,
        CMStochasticIterativeSchedulerConfig? scheduler = null,
        ClassNames? classNames = null,
        TensorDType dtype = TensorDType.F32,
        ulong seed = 0,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(config);
        if (classNames?.ById.Keys.Any(index => index >= (config.NumClassEmbeds ?? 0)) == true)
        {
            throw new ArgumentException($"A class is named that the network does not have: num_class_embeds is {config.NumClassEmbeds?.ToString() ?? "null"}.", nameof(classNames));
        }

        scheduler ??= new();
        _ = new CMStochasticIterativeScheduler(scheduler);
        var network = UNet2DDescription.Of(config);
        using var weights = new FreshTensors(network, seed, progress, cancellationToken);
        PipelineFolder.Save(folder, new ModelIndex { ClassNames = classNames }, config, scheduler, weights, dtype);
    }

    /// <summary>Tensors that come into being when they are read. Each has a generator of its own, so the order of reading does not matter.</summary>
    private sealed class FreshTensors : ITensorSource
    {
        private readonly Dictionary<string, (ParameterDescription Parameter, ulong Seed)> _parameters = [];
        private readonly IProgress<double>? _progress;
        private readonly CancellationToken _cancellation;
        private readonly long _total;
        private long _done;

        public FreshTensors(UNet2DDescription network, ulong seed, IProgress<double>? progress, CancellationToken cancellation)
        {
            // One draw a tensor from the seed's generator: tensors get streams that have nothing to do with each other.
            var seeds = new long[network.Parameters.Count];
            new TorchGenerator(seed).RandInt(0, 1L << 32, seeds);
            for (var i = 0; i < seeds.Length; i++)
            {
                _parameters.Add(network.Parameters[i].Name, (network.Parameters[i], (ulong)seeds[i]));
            }

            Tensors = network.Parameters.ToDictionary(p => p.Name, p => new TensorInfo(p.Name, TensorDType.F32, p.Shape));
            _total = network.ParameterCount;
            _progress = progress;
            _cancellation = cancellation;
        }

        public string Origin => "fresh weights";

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

        public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

        public ReadOnlySpan<byte> Bytes(string name)
        {
            var values = new float[checked((int)_parameters[name].Parameter.Count)];
            CopyTo(name, values);
            return System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan());
        }

        public void CopyTo(string name, Span<float> destination)
        {
            _cancellation.ThrowIfCancellationRequested();
            var (parameter, seed) = _parameters[name];

            // Not the zeros that trainers start residual branches with: a network of them would pass any image through.
            FreshValues.Fill(parameter, new TorchGenerator(seed), zeroResiduals: false, destination);
            _done += parameter.Count;
            _progress?.Report((double)_done / _total);
        }

        public void Release(string name)
        {
        }

        public void Dispose()
        {
        }
    }
}
