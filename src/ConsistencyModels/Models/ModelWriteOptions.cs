using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Models;

/// <summary>How a model is written by <see cref="ModelWriter"/>.</summary>
public sealed record ModelWriteOptions
{
    /// <summary>F32, F16 or BF16 to convert the weights; null keeps what they are.</summary>
    public TensorDType? DType { get; init; }

    /// <summary>The most bytes of weights in one file of a folder, from 1 up; larger weights are sharded, with an index.</summary>
    public long MaxShardSize { get; init; } = WeightWriter.DefaultShardSize;

    /// <summary>A variant for the names of a folder's weights, such as "fp16"; null for the plain names.</summary>
    public string? Variant { get; init; }

    /// <summary>The names in a single file; null means openai's in a torch file and diffusers' in a safetensors file. A folder has diffusers'.</summary>
    public TensorNaming? Naming { get; init; }
}
