using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Finds a model's weights in its folder, by the names diffusers gives them.</summary>
public static class WeightFiles
{
    /// <summary>Opens the weights of a model.</summary>
    /// <param name="folder">A model's folder, such as <c>unet/</c>.</param>
    /// <param name="variant">A variant such as "fp16", which must exist; null for the plain files.</param>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="CheckpointException">The folder has no such weights, or they are damaged.</exception>
    public static ITensorSource Open(string folder, string? variant = null)
    {
        var path = Find(folder, variant);
        return path.EndsWith(".json", StringComparison.Ordinal) ? ShardedTensors.Open(path)
            : path.EndsWith(".bin", StringComparison.Ordinal) ? TorchFile.Open(path)
            : SafetensorsFile.Open(path);
    }

    /// <summary>Finds the file to open: an index of shards, a single safetensors file, or a torch file if there is nothing else.</summary>
    /// <param name="folder">A model's folder, such as <c>unet/</c>.</param>
    /// <param name="variant">A variant such as "fp16", which must exist; null for the plain files.</param>
    /// <exception cref="CheckpointException">There is none; the message says what is there instead.</exception>
    public static string Find(string folder, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ThrowIfNoVariant(folder, variant);
        return ModelLayout.Weights(variant).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new CheckpointException(Missing(folder, variant));
    }

    internal static void ThrowIfNoVariant(string folder, string? variant)
    {
        if (variant is not null && !(variant.Length > 0 && variant.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
        {
            throw new CheckpointException($"{folder}: {Printable.Quote(variant)} is not a variant, expected a word such as fp16");
        }
    }

    private static string Missing(string folder, string? variant)
    {
        if (!Directory.Exists(folder))
        {
            return $"{folder}: there is no such folder";
        }

        var there = Directory.EnumerateFiles(folder, ModelLayout.WeightStem + "*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray();
        var found = there.Length == 0 ? "no weights" : string.Join(", ", there.Take(8).Select(Printable.Quote));
        return $"{folder}: found {found}, expected {(variant is null ? ModelLayout.WeightStem : $"{ModelLayout.WeightStem}.{variant}")}.safetensors{Hint(there)}";
    }

    // Which variants the files there are of: others published them, and whoever has only these does not know how to ask.
    private static string Hint(string[] there)
    {
        var variants = there
            .SelectMany(name => name[ModelLayout.WeightStem.Length..].Split('.').Where(word => ModelLayout.Weights(word).Contains(name)))
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        return variants is [var only] ? $"; ask for the variant that is there: --variant {only}" : variants.Length > 1 ? $"; ask for one that is there: --variant {string.Join(" or ", variants)}" : "";
    }
}

/// <summary>Opens a file of tensors whatever its name: safetensors, an index of shards, or what torch.save wrote.</summary>
public static class TensorFiles
{
    private const int Beginning = 16;

    /// <summary>Opens a file by how it begins; only the index of shards is known by its name (<c>.json</c>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="entry">The part of a training checkpoint to take; null chooses (<see cref="TorchFile.Open"/>).</param>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="CheckpointException">It is not there, damaged, or of another kind.</exception>
    public static ITensorSource Open(string path, string? entry = null) => Open(path, entry, null);

    /// <summary>The same, where some tensors are looked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="entry">The part of a training checkpoint to take; null chooses.</param>
    /// <param name="wanted">Which tensors, by their last keys, make a part the one to choose; null for any.</param>
    internal static ITensorSource Open(string path, string? entry, Predicate<string>? wanted)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".json", StringComparison.Ordinal))
        {
            return ShardedTensors.Open(path);
        }

        var file = MappedFile.Open(path);
        return TorchFile.Begins(file.Span(0, (int)Math.Min(file.Length, Beginning))) ? TorchFile.Of(file, entry, wanted) : SafetensorsFile.Of(file);
    }
}

/// <summary>Every name that a model's files have in diffusers' folders. Nothing else in the library spells one.</summary>
public static class ModelLayout
{
    /// <summary>The pipeline's own file: which classes it is made of. A folder that has it is a pipeline's.</summary>
    public const string Index = "model_index.json";

    /// <summary>The folder of the network in a pipeline's.</summary>
    public const string UNet = "unet";

    /// <summary>The network's configuration, beside its weights.</summary>
    public const string NetworkConfig = "config.json";

    /// <summary>The folder of the scheduler in a pipeline's.</summary>
    public const string Scheduler = "scheduler";

    /// <summary>The scheduler's settings, in its folder.</summary>
    public const string SchedulerConfig = "scheduler_config.json";

    /// <summary>What the names of all files of weights begin with.</summary>
    public const string WeightStem = "diffusion_pytorch_model";

    /// <summary>How the name of an index of shards ends.</summary>
    internal const string IndexEnding = ".json";

    /// <summary>How the name of a safetensors file ends.</summary>
    internal const string SafetensorsEnding = ".safetensors";

    /// <summary>How files that torch.save wrote are called.</summary>
    internal static readonly string[] TorchEndings = [".pt", ".pth", ".ckpt", ".bin"];

    /// <summary>The scheduler's settings, relative to a pipeline's folder and with slashes.</summary>
    internal const string SchedulerInPipeline = $"{Scheduler}/{SchedulerConfig}";

    /// <summary>The small files of a pipeline, relative to its folder and with slashes, in the order in which they make a folder one.</summary>
    internal static readonly string[] Configurations = [SchedulerInPipeline, $"{UNet}/{NetworkConfig}", Index];

    /// <summary>The file of a network's configuration in a pipeline's folder.</summary>
    public static string NetworkConfigIn(string folder) => Path.Combine(folder, UNet, NetworkConfig);

    /// <summary>The file of the scheduler's settings in a pipeline's folder.</summary>
    public static string SchedulerConfigIn(string folder) => Path.Combine(folder, Scheduler, SchedulerConfig);

    /// <summary>Whether a name is that of a file that torch.save wrote.</summary>
    internal static bool IsTorch(string path) => TorchEndings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a name is that of a safetensors file.</summary>
    internal static bool IsSafetensors(string path) => path.EndsWith(SafetensorsEnding, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The names a model's weights may have, best first, in the order of diffusers' ModelMixin.from_pretrained: an index wins over a
    /// single file, safetensors over torch files; where a variant is asked for, the index name that older versions wrote comes second.
    /// </summary>
    /// <param name="variant">A variant such as "fp16"; null for the plain names.</param>
    internal static IReadOnlyList<string> Weights(string? variant) => variant is null
        ? [WeightIndex(null), SingleFile(null), $"{WeightStem}.bin"]
        : [WeightIndex(variant), $"{WeightStem}{SafetensorsEnding}.{variant}.index{IndexEnding}", SingleFile(variant), $"{WeightStem}.{variant}.bin"];

    /// <summary>The name of the one file of weights that are not sharded.</summary>
    internal static string SingleFile(string? variant) => $"{WeightStem}{Word(variant)}{SafetensorsEnding}";

    /// <summary>The name of a shard.</summary>
    /// <param name="variant">A variant such as "fp16"; null for the plain names.</param>
    /// <param name="index">Which one, from 0.</param>
    /// <param name="count">How many there are.</param>
    internal static string Shard(string? variant, int index, int count) => $"{WeightStem}{Word(variant)}-{index + 1:D5}-of-{count:D5}{SafetensorsEnding}";

    /// <summary>The name of the index of shards.</summary>
    internal static string WeightIndex(string? variant) => $"{WeightStem}{SafetensorsEnding}.index{Word(variant)}{IndexEnding}";

    /// <summary>What a variant adds to a name.</summary>
    internal static string Word(string? variant) => variant is null ? "" : $".{variant}";
}
