using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Converts models between the forms people have them in.</summary>
public static class ModelConversion
{
    /// <summary>Converts a model.</summary>
    /// <param name="input">Anything <see cref="ModelReader.Open"/> opens.</param>
    /// <param name="output">
    /// A name ending in .pt, .pth, .ckpt or .bin becomes a torch file, one in .safetensors a safetensors file; any other is a
    /// folder in diffusers' layout, made if needed.
    /// </param>
    /// <param name="options">What replaces facts the input does not hold, and how the output is written.</param>
    /// <exception cref="ConsistencyModelsException">The input cannot be opened, or the output not written.</exception>
    public static void Convert(string input, string output, ConversionOptions? options = null)
    {
        options ??= new ConversionOptions();
        using var model = ModelReader.Open(input, options.Input);
        Write(model, output, options);
    }

    /// <summary>Writes an opened model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="output">As for <see cref="Convert"/>.</param>
    /// <param name="options">How it is written; <see cref="ConversionOptions.Input"/> is not used.</param>
    /// <exception cref="ConsistencyModelsException">The output cannot be written.</exception>
    public static void Write(Model model, string output, ConversionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(output);
        options ??= new ConversionOptions();
        using var weights = model.OpenWeights();
        if (ModelLayout.IsTorch(output))
        {
            TorchFileWriter.Write(output, Tensors(weights, model.Config, options.Names ?? TensorNaming.OpenAi, options.DType));
        }
        else if (ModelLayout.IsSafetensors(output))
        {
            SafetensorsWriter.Write(output, Tensors(weights, model.Config, options.Names ?? TensorNaming.Diffusers, options.DType));
        }
        else if (options.Names == TensorNaming.OpenAi)
        {
            throw new ConsistencyModelsException($"{output}: a folder has diffusers' names, expected a .pt or .safetensors file for openai's");
        }
        else
        {
            PipelineFolder.Save(output, model.Index, model.Config, model.Scheduler, weights, options.DType, options.Variant, options.MaxShardSize);
        }
    }

    private static IReadOnlyList<TensorToWrite> Tensors(ITensorSource weights, UNet2DConfig config, TensorNaming names, TensorDType? dtype) =>
        names == TensorNaming.OpenAi
            ? OpenAiWeights.FromDiffusers(weights, config, dtype)
            : [.. UNet2DDescription.Of(config).Parameters.Select(p => TensorToWrite.FromSource(weights, p.Name, dtype))];
}
