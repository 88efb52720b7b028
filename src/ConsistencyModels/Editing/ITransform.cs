namespace ConsistencyModels.Editing;

/// <summary>
/// An orthogonal matrix A applied to every image of a batch (arXiv 2303.01469, Algorithm 4): it turns pixels into coordinates of
/// which an edit knows some and makes up the others. Immutable and safe to share between threads.
/// </summary>
public interface ITransform
{
    /// <summary>Throws if the transform does not allow such images.</summary>
    /// <param name="shape">Shape of a batch.</param>
    /// <exception cref="ConsistencyModelsException">Says what was found and expected.</exception>
    void ThrowIfNotFor(ImageShape shape);

    /// <summary>A x, in place.</summary>
    /// <param name="x">[N, C, H, W]: pixels on entry, coordinates on return.</param>
    /// <param name="shape">Shape of the batch.</param>
    void Forward(Span<float> x, ImageShape shape);

    /// <summary>A⁻¹ x = Aᵀ x, in place.</summary>
    /// <param name="x">[N, C, H, W]: coordinates on entry, pixels on return.</param>
    /// <param name="shape">Shape of the batch.</param>
    void Inverse(Span<float> x, ImageShape shape);
}

/// <summary>A = I: the coordinates are the pixels, which is inpainting. Any shape.</summary>
public sealed class IdentityTransform : ITransform
{
    private IdentityTransform()
    {
    }

    /// <summary>The only one.</summary>
    public static IdentityTransform Instance { get; } = new();

    /// <inheritdoc/>
    public void ThrowIfNotFor(ImageShape shape)
    {
    }

    /// <inheritdoc/>
    public void Forward(Span<float> x, ImageShape shape)
    {
    }

    /// <inheritdoc/>
    public void Inverse(Span<float> x, ImageShape shape)
    {
    }
}
