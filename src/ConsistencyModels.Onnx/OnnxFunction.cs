
namespace ConsistencyModels.Onnx;

/// <summary>What an ONNX file computes.</summary>
public enum OnnxFunction
{
    /// <summary>
    /// The bare network F, as diffusers' <c>UNet2DModel.forward</c>: inputs <c>sample</c>, <c>timestep</c> and for a
    /// class-conditional network <c>class_labels</c>; output <c>out_sample</c>.
    /// </summary>
    Network,

    /// <summary>
    /// The consistency function f(x, σ) = c_skip(σ)·x + c_out(σ)·F(c_in(σ)·x, 250·ln σ), clipped to [-1, 1] where the scheduler's
    /// <c>clip_denoised</c> says so: inputs <c>x</c>, <c>sigma</c> and <c>class_labels</c>; output <c>denoised</c>.
    /// </summary>
    Consistency,
}
