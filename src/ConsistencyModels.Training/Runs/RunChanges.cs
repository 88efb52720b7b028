using System.Text.Json;
using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// What a run that goes on is told differently than before, and may be: it is the same run (<see cref="RunIdentity"/>), but from here on
/// not the one that would have come of not stopping.
/// </summary>
internal static class RunChanges
{
    private const string MicroBatch = "training.micro_batch";
    private const string Images = "training.images";
    private const string Threads = "versions.threads";

    // What decides the bits of a step, of the model, or both, and is no part of the identity.
    private static readonly string[] Decisive =
    [
        "optimizer.kind", "optimizer.beta1", "optimizer.beta2", "optimizer.eps", "optimizer.weight_decay", "training.lr", "training.ramp", "training.decay", "training.clip",
        MicroBatch, "training.averages", "versions.engine", "versions.device", "versions.precision", Threads, "versions.processes",
    ];

    /// <summary>One line with everything that was and is; null where all is as before.</summary>
    /// <param name="options">The run.</param>
    /// <param name="description">The same in the words of its records.</param>
    /// <param name="images">Images learnt from.</param>
    /// <param name="dependsOnThreads">Whether another number of threads gives other bits.</param>
    /// <exception cref="ConsistencyModelsException">The run's records are damaged.</exception>
    public static string? Describe(TrainingOptions options, RunDescription description, long images, bool dependsOnThreads)
    {
        var changes = RunHistory.Changes(options.Folder, description, images)
            .Where(change => Decisive.Contains(change.Key) || (change.Key == Images && options.DecayImages > 0))
            .Where(change => change.Key != Threads || dependsOnThreads)
            .Where(change => change.Key != MicroBatch || Part(change.From, options) != Part(change.To, options))
            .OrderBy(change => change.Key, StringComparer.Ordinal)
            .Select(change => $"{change.Key[(change.Key.IndexOf('.', StringComparison.Ordinal) + 1)..]} was {Text(change.From)}, is {Text(change.To)}")
            .ToArray();
        return changes.Length == 0 ? null : $"from here on this is not what an uninterrupted run would give: {string.Join("; ", changes)}";
    }

    // 0 is the whole batch, and so is all that is larger.
    private static long Part(JsonElement value, TrainingOptions options) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var part) && part > 0 ? Math.Min(part, options.Batch) : options.Batch;

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
