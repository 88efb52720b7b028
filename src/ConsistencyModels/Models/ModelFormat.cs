namespace ConsistencyModels.Models;

/// <summary>What kind of file or folder a model was found in.</summary>
public enum ModelFormat
{
    /// <summary>A pipeline's folder: model_index.json, unet/, scheduler/.</summary>
    PipelineFolder,

    /// <summary>A network's folder: config.json and weights.</summary>
    NetworkFolder,

    /// <summary>A safetensors file, or the index of several.</summary>
    Safetensors,

    /// <summary>A file that torch.save wrote.</summary>
    Torch,
}
