namespace ConsistencyModels.Pipelines;

/// <summary>What <see cref="ConsistencyModelPipeline.Generate"/> hands back.</summary>
public enum OutputType
{
    /// <summary>Pictures of bytes (diffusers' <c>"pil"</c>): 255·x rounded half to even. For 1, 3 or 4 channels.</summary>
    Images,

    /// <summary>Floats [N, H, W, C] in [0, 1] (diffusers' <c>"np"</c>).</summary>
    Array,

    /// <summary>Floats [N, C, H, W] in [0, 1] (diffusers' <c>"pt"</c>).</summary>
    Tensor,

    /// <summary>Floats [N, C, H, W] as the sampler left them, nominally in [-1, 1]: what editors, evaluators and trainers take.</summary>
    Raw,
}
