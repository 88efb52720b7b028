namespace ConsistencyModels.Models;

/// <summary>The two sets of names that the tensors of this network come under.</summary>
public enum TensorNaming
{
    /// <summary>diffusers' UNet2DModel: <c>down_blocks.0.resnets.0.conv1.weight</c>.</summary>
    Diffusers,

    /// <summary>openai/consistency_models' UNetModel: <c>input_blocks.1.0.in_layers.2.weight</c>.</summary>
    OpenAi,
}
