using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Models;

/// <summary>How a model is written by <see cref="ModelConversion"/>.</summary>
public sealed record ConversionOptions
{
    /// <summary>How the input is opened.</summary>
    public ModelOptions Input { get; init; } = new();

    /// <summary>F32, F16 or BF16 to convert the weights; null keeps what they are.</summary>
    public TensorDType? DType { get; init; }

    /// <summary>The most bytes in one file of a folder's weights.</summary>
    public long MaxShardSize { get; init; } = WeightWriter.DefaultShardSize;

    /// <summary>A variant for the names of a folder's weights, such as "fp16".</summary>
    public string? Variant { get; init; }

    /// <summary>The names in a single file; null means openai's in a torch file and diffusers' in a safetensors file.</summary>
    public TensorNaming? Names { get; init; }
}
