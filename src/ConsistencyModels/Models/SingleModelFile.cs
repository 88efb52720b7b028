using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Opens a model in a single file and recognises what is in it.</summary>
internal static class SingleModelFile
{
    private const string OpenAiMark = "time_embed.0.weight";
    private const string DiffusersMark = "time_embedding.linear_1.weight";

    public static ModelFiles Open(string path, ModelFileOptions options)
    {
        var weights = TensorFiles.Open(path, options.Entry);
        var format = weights is TorchFile ? ModelFormat.Torch : ModelFormat.Safetensors;
        try
        {
            weights = WithoutPrefix(weights);
            var names = weights.Tensors.ContainsKey(OpenAiMark) ? ModelNames.OpenAi : ModelNames.Diffusers;
            var config = names == ModelNames.OpenAi ? new ArchitectureReader(weights).OpenAi().ToConfig(options) : DiffusersConfig(path, weights, options);
            UNet2DConfigValidation.ThrowIfUnsupported(config, path);
            var scheduler = ModelFolders.Scheduler(path, null, config, options);
            var renamed = names == ModelNames.OpenAi ? OpenAiWeights.ToDiffusers(weights, config) : ModelFolders.Strict(weights, config);
            return new ModelFiles(path, format, names, config, scheduler, renamed);
        }
        catch
        {
            weights.Dispose();
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

    private static UNet2DConfig DiffusersConfig(string path, ITensorSource weights, ModelFileOptions options)
    {
        var beside = Path.Combine(Path.GetDirectoryName(path) ?? "", "config.json");
        return File.Exists(beside) ? UNet2DConfig.Load(beside) : new ArchitectureReader(weights).Diffusers().ToConfig(options);
    }
}
