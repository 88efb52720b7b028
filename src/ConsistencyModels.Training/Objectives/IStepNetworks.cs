namespace ConsistencyModels.Training.Objectives;

/// <summary>Which of a run's networks is asked.</summary>
public enum NetworkRole
{
    /// <summary>The network in training as it is, with the dropout masks of the student's pass, without a gradient.</summary>
    Self,

    /// <summary>The slow average of it that targets come from, with the same masks.</summary>
    Target,

    /// <summary>The diffusion model that is distilled, under its own preconditioning and without dropout.</summary>
    Teacher,
}

/// <summary>
/// The networks of a run for one batch, as objectives see them: (x, sigma) to an image, with labels and dropout masks already
/// chosen. Sigmas are one per image.
/// </summary>
public interface IStepNetworks
{
    /// <summary>D(x; σ) of the network in training, with a way back for the gradient of what comes out. Once per batch.</summary>
    /// <param name="x">Noisy images.</param>
    /// <param name="sigmas">Their noise levels.</param>
    /// <param name="denoised">Receives the images.</param>
    void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised);

    /// <summary>D(x; σ) without a gradient.</summary>
    /// <param name="role">Whose.</param>
    /// <param name="x">Noisy images.</param>
    /// <param name="sigmas">Their noise levels.</param>
    /// <param name="denoised">Receives the images; they may be NaN where σ is 0.</param>
    void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised);

    /// <summary>F(c_in x; c_noise), the bare network within <see cref="Denoise"/>.</summary>
    /// <param name="role">Whose.</param>
    /// <param name="x">Noisy images.</param>
    /// <param name="sigmas">Their noise levels.</param>
    /// <param name="output">Receives what the network gives.</param>
    void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output);
}
