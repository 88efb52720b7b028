using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli.Reports;

/// <summary>What is in a model's folder or in a file of tensors.</summary>
internal sealed record ModelReport
{
    private static readonly string[] NetworkMarks = ["time_embed.0.weight", "time_embedding.linear_1.weight"];

    /// <summary>Where it is, as the user said.</summary>
    public required string Path { get; init; }

    /// <summary>What it is, in a few words.</summary>
    public required string Kind { get; init; }

    /// <summary>The file of the weights, or the index of its shards.</summary>
    public required string Weights { get; init; }

    /// <summary>Every tensor, in order of their names.</summary>
    public required IReadOnlyList<TensorInfo> Tensors { get; init; }

    /// <summary>Strings stored beside the tensors.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The network, if its configuration is there.</summary>
    public UNet2DConfig? Network { get; init; }

    /// <summary>The noise schedule, for a pipeline.</summary>
    public CMStochasticIterativeSchedulerConfig? Scheduler { get; init; }

    /// <summary>Names of the classes, or null.</summary>
    public ClassNames? ClassNames { get; init; }

    /// <summary>Keys of the configurations that mean nothing here.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>Number of scalars in all tensors.</summary>
    public long Parameters => Tensors.Sum(tensor => tensor.ElementCount);

    /// <summary>Bytes of all tensors.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.ElementCount * tensor.DType.Size());

    /// <summary>How many tensors there are of each element type.</summary>
    public IReadOnlyList<(TensorDType DType, int Count)> DTypes =>
        [.. Tensors.GroupBy(tensor => tensor.DType).Select(group => (group.Key, group.Count())).OrderByDescending(pair => pair.Item2)];

    /// <summary>Looks at a model; the weights are checked against the network, but not read.</summary>
    /// <param name="path">A pipeline's folder, a network's folder, a .safetensors file or index, or a torch file.</param>
    /// <param name="settings">Which weights of a folder, and what replaces facts that tensors do not tell.</param>
    /// <exception cref="ConsistencyModelsException">It is missing, damaged, or the weights are not those of the network.</exception>
    public static ModelReport Read(string path, ModelSettings settings)
    {
        if (File.Exists(path))
        {
            return OfFile(path, settings.Files);
        }

        if (Directory.Exists(path) && !File.Exists(System.IO.Path.Combine(path, ModelLayout.Index)) && NetworkSource.NetworkFolder(path) is var folder
            && File.Exists(System.IO.Path.Combine(folder, ModelLayout.NetworkConfig)))
        {
            using var bare = WeightFiles.Open(folder, settings.Files.Variant);
            return OfNetwork(path, folder, bare);
        }

        var description = settings.Describe(path);
        using var weights = description.OpenWeights();
        return Of(path, "consistency model (pipeline)", weights) with
        {
            Network = description.Network,
            Scheduler = description.Scheduler,
            ClassNames = description.ClassNames,
            UnknownKeys = description.UnknownKeys,
        };
    }

    // The tensors are listed under the names they have in the file; what a network they make is inferred if nothing tells it.
    private static ModelReport OfFile(string path, ModelOptions files)
    {
        using var file = TensorFiles.Open(path, files.Entry);
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        if (!file.Tensors.Keys.Any(name => NetworkMarks.Any(mark => name == mark || name.EndsWith("." + mark, StringComparison.Ordinal))))
        {
            return OfNetwork(path, folder, file);
        }

        Model model;
        try
        {
            model = ModelReader.Open(path, files);
        }
        catch (ConsistencyModelsException e) when (files == new ModelOptions())
        {
            // The tensors are still worth listing, unless something was said about the network.
            return File.Exists(System.IO.Path.Combine(folder, ModelLayout.NetworkConfig))
                ? OfNetwork(path, folder, file)
                : Of(path, $"tensors of a network whose configuration cannot be inferred ({e.Message})", file);
        }

        using var opened = model;
        if (model.Naming == TensorNaming.Diffusers && File.Exists(System.IO.Path.Combine(folder, ModelLayout.NetworkConfig)))
        {
            return OfNetwork(path, folder, file);
        }

        var names = model.Naming == TensorNaming.OpenAi ? "openai's" : "diffusers'";
        return Of(path, $"network under {names} names (its configuration is inferred; head size, image size and schedule are guesses)", file) with
        {
            Network = model.Config,
            Scheduler = model.Scheduler,
        };
    }

    private static ModelReport OfNetwork(string path, string folder, ITensorSource weights)
    {
        var config = System.IO.Path.Combine(folder, ModelLayout.NetworkConfig);
        if (!File.Exists(config))
        {
            return Of(path, "tensors without a network's configuration", weights);
        }

        var network = UNet2DConfig.Load(config);
        NetworkWeights.Check(network, weights);
        return Of(path, "network (no pipeline: model_index.json is not there)", weights) with
        {
            Network = network,
            UnknownKeys = [.. network.Extras.Keys.Where(key => !key.StartsWith('_')).Select(key => $"{ModelLayout.NetworkConfig}: {key}")],
        };
    }

    private static ModelReport Of(string path, string kind, ITensorSource weights) => new()
    {
        Path = path,
        Kind = kind,
        Weights = System.IO.Path.GetFileName(weights.Origin),
        Tensors = [.. weights.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)],
        Metadata = weights.Metadata,
    };
}
