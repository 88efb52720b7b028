using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Runs;

/// <summary>Saves and restores a run's state: one safetensors file with the flat buffers, and what they belong to as metadata.</summary>
internal static class TrainingCheckpoint
{
    private const string ImagesKey = "images_seen";
    private const string StepsKey = "steps";

    /// <summary>Writes the state atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="state">The state.</param>
    /// <param name="identity">What must be the same for the run to be resumed: network, objective, data, seed, batch.</param>
    public static void Save(string path, TrainingState state, IReadOnlyDictionary<string, string> identity)
    {
        var metadata = new Dictionary<string, string>(identity)
        {
            [ImagesKey] = state.ImagesSeen.ToString(CultureInfo.InvariantCulture),
            [StepsKey] = state.Optimizer.Steps.ToString(CultureInfo.InvariantCulture),
        };
        SafetensorsWriter.Write(path, Buffers(state).Select(buffer => TensorStreams.ToWrite(buffer.Name, buffer.Tensor)), metadata);
    }

    /// <summary>Restores the state; if it fails, the state is as it was.</summary>
    /// <exception cref="CheckpointException">The file is damaged.</exception>
    /// <exception cref="ConsistencyModelsException">It belongs to another run: says what differs.</exception>
    public static void Load(string path, TrainingState state, IReadOnlyDictionary<string, string> identity)
    {
        using var file = SafetensorsFile.Open(path);
        foreach (var (key, expected) in identity)
        {
            if (!file.Metadata.TryGetValue(key, out var found) || !TrainingChecks.Agree(key, found, expected))
            {
                throw new ConsistencyModelsException(
                    $"{path}: this is a checkpoint of another run: {key} is {found ?? "missing"}, this run has {expected}; choose another run folder or the old settings");
            }
        }

        StrictTensors.Check(file, Buffers(state).Select(buffer => (buffer.Name, (IReadOnlyList<long>)buffer.Tensor.shape)));
        var imagesSeen = Number(file, ImagesKey);
        var steps = Number(file, StepsKey);
        using var noGrad = no_grad();
        foreach (var (name, tensor) in Buffers(state))
        {
            Copy(file, name, tensor);
            file.Release(name);
        }

        state.ImagesSeen = imagesSeen;
        state.Optimizer.Steps = steps;
    }

    private static void Copy(SafetensorsFile file, string name, Tensor tensor)
    {
        if (tensor.device_type == DeviceType.CPU)
        {
            file.CopyTo(name, TensorMemory.Floats(tensor));
            return;
        }

        using var scope = NewDisposeScope();
        var values = empty(tensor.shape, dtype: ScalarType.Float32);
        file.CopyTo(name, TensorMemory.Floats(values));
        tensor.copy_(values);
    }

    private static (string Name, Tensor Tensor)[] Buffers(TrainingState state) =>
    [
        ("parameters", state.Parameters.Values),
        ("average", state.Average.FlatParameters),
        ("optimizer.first_moment", state.Optimizer.FirstMoment),
        ("optimizer.second_moment", state.Optimizer.SecondMoment),
    ];

    private static long Number(SafetensorsFile file, string key) =>
        file.Metadata.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new CheckpointException($"{file.Origin}: {key} is {text ?? "missing"}, expected a whole number");
}
