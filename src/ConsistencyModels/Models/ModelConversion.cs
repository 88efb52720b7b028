using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Converts models between the forms people have them in.</summary>
public static class ModelConversion
{
    private static readonly string[] TorchEndings = [".pt", ".pth", ".ckpt", ".bin"];

    /// <summary>Converts a model.</summary>
    /// <param name="input">Anything <see cref="ModelFiles.Open"/> opens.</param>
    /// <param name="output">
    /// A name ending in .pt, .pth, .ckpt or .bin becomes a torch file, one in .safetensors a safetensors file; any other is a
    /// folder in diffusers' layout, made if needed.
    /// </param>
    /// <param name="options">What replaces facts the input does not hold, and how the output is written.</param>
    /// <exception cref="ConsistencyModelsException">The input cannot be opened, or the output not written.</exception>
    public static void Convert(string input, string output, ConversionOptions? options = null)
    {
        options ??= new ConversionOptions();
        using var model = ModelFiles.Open(input, options.Input);
        Write(model, output, options);
    }

    /// <summary>Writes an opened model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="output">As for <see cref="Convert"/>.</param>
    /// <param name="options">How it is written; <see cref="ConversionOptions.Input"/> is not used.</param>
    /// <exception cref="ConsistencyModelsException">The output cannot be written.</exception>
    public static void Write(ModelFiles model, string output, ConversionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(output);
        options ??= new ConversionOptions();
        if (TorchEndings.Contains(Path.GetExtension(output), StringComparer.OrdinalIgnoreCase))
        {
            TorchFileWriter.Write(output, Tensors(model, options.Names ?? ModelNames.OpenAi, options.DType));
        }
        else if (output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            SafetensorsWriter.Write(output, Tensors(model, options.Names ?? ModelNames.Diffusers, options.DType));
        }
        else
        {
            WriteFolder(model, output, options);
        }
    }

    private static IReadOnlyList<TensorToWrite> Tensors(ModelFiles model, ModelNames names, TensorDType? dtype) =>
        names == ModelNames.OpenAi
            ? OpenAiWeights.FromDiffusers(model.Weights, model.Config, dtype)
            : [.. UNet2DDescription.Of(model.Config).Parameters.Select(p => TensorToWrite.FromSource(model.Weights, p.Name, dtype))];

    private static void WriteFolder(ModelFiles model, string folder, ConversionOptions options)
    {
        if (options.Names == ModelNames.OpenAi)
        {
            throw new ConsistencyModelsException($"{folder}: a folder has diffusers' names, expected a .pt or .safetensors file for openai's");
        }

        // A pipeline's class names and unknown keys go along.
        var index = model.Format == ModelFormat.PipelineFolder ? ModelIndex.Load(Path.Combine(model.Path, ModelIndex.FileName)) : new ModelIndex();
        PipelineFolder.Save(folder, index, model.Config, model.Scheduler, model.Weights, options.DType, options.Variant, options.MaxShardSize);
    }
}
