using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Opens a model in a single file and recognises what is in it.</summary>
internal static class SingleFile
{
    private const string OpenAiMark = "time_embed.0.weight";
    private const string DiffusersMark = "time_embedding.linear_1.weight";

    /// <summary>Opens the file once: the model hands the tensors on to whoever asks for its weights first.</summary>
    public static Model Open(string path, ModelOptions options)
    {
        var stored = TensorFiles.Open(path, options.Entry);
        try
        {
            var tensors = WithoutPrefix(stored);
            var naming = tensors.Tensors.ContainsKey(OpenAiMark) ? TensorNaming.OpenAi : TensorNaming.Diffusers;
            var beside = Path.Combine(Path.GetDirectoryName(path) ?? "", ModelLayout.NetworkConfig);
            var configured = naming == TensorNaming.Diffusers && File.Exists(beside);
            var config = configured ? UNet2DConfig.Load(beside)
                : naming == TensorNaming.OpenAi ? new ArchitectureReader(tensors).OpenAi().ToConfig(options)
                : new ArchitectureReader(tensors).Diffusers().ToConfig(options);
            UNet2DConfigValidation.ThrowIfUnsupported(config, path);

            ITensorSource Rename(ITensorSource source) => naming == TensorNaming.OpenAi
                ? OpenAiWeights.ToDiffusers(WithoutPrefix(source), config)
                : RenamedTensors.Today(WithoutPrefix(source), config);
            _ = Rename(stored); // compares names and shapes; nothing is copied

            // A network's file in a pipeline's folder has the scheduler of that pipeline.
            var pipeline = configured ? Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(path))) : null;
            var (kind, guess, scheduler) = SchedulerFile.Choose(path, pipeline is null ? null : ModelLayout.SchedulerConfigIn(pipeline), null, config, options);
            return new Model(() => TensorFiles.Open(path, options.Entry), Rename, stored)
            {
                Path = path,
                Format = stored is TorchFile ? ModelFormat.Torch : ModelFormat.Safetensors,
                KindIsGuess = guess,
                Naming = naming,
                Config = config,
                Scheduler = scheduler,
                Index = new ModelIndex { Kind = kind },
            };
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    // Parallel training puts "module." before every name, frameworks "unet." or "model.".
    private static ITensorSource WithoutPrefix(ITensorSource weights)
    {
        var marked = weights.Tensors.Keys
            .Where(name => Ends(name, OpenAiMark) || Ends(name, DiffusersMark))
            .Select(name => name[..^(name.EndsWith(OpenAiMark, StringComparison.Ordinal) ? OpenAiMark : DiffusersMark).Length])
            .ToArray();
        if (marked.Length != 1)
        {
            throw new CheckpointException(
                $"{weights.Origin}: found {marked.Length} networks among {weights.Tensors.Count} tensors, expected one, with '{DiffusersMark}' or '{OpenAiMark}'");
        }

        var prefix = marked[0];
        return prefix.Length == 0
            ? weights
            : new RenamedTensors(
                weights,
                weights.Tensors.Values.Where(info => info.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(info => (info.Name[prefix.Length..], info.Shape, info.Name, 0L)));
    }

    private static bool Ends(string name, string mark) =>
        name.EndsWith(mark, StringComparison.Ordinal) && (name.Length == mark.Length || name[^(mark.Length + 1)] == '.');
}
