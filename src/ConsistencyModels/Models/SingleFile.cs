using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Opens a model in a single file and recognises what is in it.</summary>
internal static class SingleFile
{
    /// <summary>Opens the file once: the model hands the tensors on to whoever asks for its weights first.</summary>
    public static Model Open(string path, ModelOptions options)
    {
        ITensorSource OpenStored() => TensorFiles.Open(path, options.Entry, NetworkPrefix.IsMark);
        var stored = OpenStored();
        try
        {
            var (prefix, notes) = NetworkPrefix.Choose(stored, options.Entry);
            var tensors = NetworkPrefix.Without(stored, prefix);
            var naming = tensors.Tensors.ContainsKey(NetworkPrefix.OpenAiMark) ? TensorNaming.OpenAi : TensorNaming.Diffusers;
            var beside = Path.Combine(Path.GetDirectoryName(path) ?? "", ModelLayout.NetworkConfig);
            var configured = naming == TensorNaming.Diffusers && File.Exists(beside);
            var config = configured ? UNet2DConfig.Load(beside)
                : naming == TensorNaming.OpenAi ? new ArchitectureReader(tensors).OpenAi().ToConfig(options)
                : new ArchitectureReader(tensors).Diffusers().ToConfig(options);
            UNet2DConfigValidation.ThrowIfUnsupported(config, path);

            ITensorSource Rename(ITensorSource source) => naming == TensorNaming.OpenAi
                ? OpenAiWeights.ToDiffusers(NetworkPrefix.Without(source, prefix), config)
                : RenamedTensors.Today(NetworkPrefix.Without(source, prefix), config);
            _ = Rename(stored); // compares names and shapes; nothing is copied

            // A network's file in a pipeline's folder has the scheduler of that pipeline.
            var pipeline = configured ? Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(path))) : null;
            var (kind, guess, scheduler) = SchedulerFile.Choose(path, pipeline is null ? null : ModelLayout.SchedulerConfigIn(pipeline), null, config, options);
            return new Model(OpenStored, Rename, stored)
            {
                Path = path,
                Format = stored is TorchFile ? ModelFormat.Torch : ModelFormat.Safetensors,
                KindIsGuess = guess,
                Notes = notes,
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
}
