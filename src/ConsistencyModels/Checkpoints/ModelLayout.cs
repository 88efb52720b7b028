namespace ConsistencyModels.Checkpoints;

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
