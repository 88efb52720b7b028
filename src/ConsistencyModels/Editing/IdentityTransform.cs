namespace ConsistencyModels.Editing;

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
