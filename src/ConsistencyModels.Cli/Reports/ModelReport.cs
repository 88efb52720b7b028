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

    /// <summary>What was chosen among several things in the file.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Number of scalars in all tensors.</summary>
    public long Parameters => Tensors.Sum(tensor => tensor.ElementCount);

    /// <summary>Bytes of all tensors.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.ElementCount * tensor.DType.Size());

    /// <summary>How many tensors there are of each element type.</summary>
    public IReadOnlyList<(TensorDType DType, int Count)> DTypes =>
        [.. Tensors.GroupBy(tensor => tensor.DType).Select(group => (group.Key, group.Count())).OrderByDescending(pair => pair.Item2)];

    /// <summary>Looks at a model; the weights are checked against the network, but not read.</summary>
    /// <param name="path">Any form of a model, or a file of other tensors.</param>
    /// <param name="files">Which weights of a folder, and what replaces facts that tensors do not tell.</param>
    /// <exception cref="ConsistencyModelsException">It is missing, damaged, or the weights are not those of the network.</exception>
    public static ModelReport Read(string path, ModelOptions files)
    {
        try
        {
            using var model = ModelReader.Open(path, files);
            using var weights = model.OpenStored();
            return Of(path, Describe(model), weights) with
            {
                Network = model.Config,
                Scheduler = model.Scheduler,
                ClassNames = model.ClassNames,
                UnknownKeys = model.UnknownKeys,
                Notes = model.Notes,
            };
        }
        catch (ConsistencyModelsException e) when (File.Exists(path))
        {
            // The tensors are still worth listing, unless they should be those of a network that is known.
            using var file = TensorFiles.Open(path, files.Entry);
            var ofNetwork = file.Tensors.Keys.Any(name => NetworkMarks.Any(mark => name == mark || name.EndsWith("." + mark, StringComparison.Ordinal)));
            var configured = File.Exists(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, ModelLayout.NetworkConfig));
            if (ofNetwork && (configured || files != new ModelOptions()))
            {
                throw;
            }

            return Of(path, ofNetwork ? $"tensors of a network whose configuration cannot be inferred ({e.Message})" : "tensors without a network's configuration", file);
        }
    }

    private static string Describe(Model model)
    {
        var kind = model.KindIsGuess ? "network, taken for that of a consistency model since nothing says how it was trained (--kind does)"
            : model.Kind == ModelKind.Diffusion ? "diffusion model" : "consistency model";
        return model.Format switch
        {
            ModelFormat.PipelineFolder => $"{kind} (pipeline)",
            ModelFormat.UNetFolder or ModelFormat.NetworkFolder => $"{kind} (no pipeline: {ModelLayout.Index} is not there)",
            _ => $"{kind}, under {(model.Naming == TensorNaming.OpenAi ? "openai's" : "diffusers'")} names (what the tensors and files beside them do not tell is a guess: head size, image size, schedule)",
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
