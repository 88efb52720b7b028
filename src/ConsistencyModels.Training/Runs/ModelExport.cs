using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using TorchSharp;

namespace ConsistencyModels.Training.Runs;

/// <summary>A trained network as a model that <see cref="ModelWriter"/> saves.</summary>
public static class ModelExport
{
    /// <summary>Describes a trained network: a consistency model, or a diffusion model with the noise levels of EDM.</summary>
    /// <param name="network">The network; its parameters are read when the model is saved.</param>
    /// <param name="objective">What it was trained for.</param>
    /// <param name="classNames">Names of the classes in the order of the labels; used if the network has classes.</param>
    public static Model Of(UNet2DModel network, IObjective objective, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(classNames);
        var config = network.Description.Config;
        var kind = objective.MakesConsistencyModel ? ModelKind.Consistency : ModelKind.Diffusion;
        KeyValuePair<int, string>[] named = config.NumClassEmbeds is null
            ? []
            : [.. classNames.Select((name, index) => KeyValuePair.Create(index, name)).Where(pair => !string.IsNullOrWhiteSpace(pair.Value))];
        return Model.Of(
            config,
            (kind == ModelKind.Diffusion ? SchedulerPresets.Diffusion : new CMStochasticIterativeSchedulerConfig()) with { SigmaData = objective.SigmaData },
            kind,
            named.Length == 0 ? null : new ClassNames(named),
            () => new Parameters(network));
    }

    /// <summary>A network's parameters in float32, each copied from its device when it is asked for.</summary>
    private sealed class Parameters(UNet2DModel network) : ITensorSource
    {
        public string Origin => "the trained network";

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
            network.Description.Parameters.ToDictionary(p => p.Name, p => new TensorInfo(p.Name, TensorDType.F32, p.Shape));

        public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

        public ReadOnlySpan<byte> Bytes(string name)
        {
            var values = new float[Tensors[name].ElementCount];
            CopyTo(name, values);
            return MemoryMarshal.AsBytes(values.AsSpan());
        }

        public void CopyTo(string name, Span<float> destination)
        {
            using var scope = torch.NewDisposeScope();
            using var noGrad = torch.no_grad();
            var values = network.ParameterNamed(name).detach().to(torch.ScalarType.Float32, torch.CPU).contiguous();
            MemoryMarshal.Cast<byte, float>(values.bytes).CopyTo(destination);
        }

        public void Release(string name)
        {
        }

        public void Dispose()
        {
        }
    }
}
