using System.Globalization;
using ConsistencyModels.Checkpoints;
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

    /// <summary>Restores the state.</summary>
    /// <exception cref="ConsistencyModelsException">The file is damaged, or belongs to another run: says what differs.</exception>
    public static void Load(string path, TrainingState state, IReadOnlyDictionary<string, string> identity)
    {
        using var file = SafetensorsFile.Open(path);
        foreach (var (key, expected) in identity)
        {
            if (!file.Metadata.TryGetValue(key, out var found) || found != expected)
            {
                throw new CheckpointException($"{path}: {key} is {found ?? "missing"}, this run has {expected}; choose another run folder or the old settings");
            }
        }

        StrictTensors.Check(file, Buffers(state).Select(buffer => (buffer.Name, (IReadOnlyList<long>)buffer.Tensor.shape)));
        using var noGrad = no_grad();
        foreach (var (name, tensor) in Buffers(state))
        {
            using var scope = NewDisposeScope();
            var values = empty(tensor.shape);
            file.Bytes(name).CopyTo(values.bytes);
            tensor.copy_(values);
            file.Release(name);
        }

        state.ImagesSeen = Number(file, ImagesKey);
        state.Optimizer.Steps = Number(file, StepsKey);
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
