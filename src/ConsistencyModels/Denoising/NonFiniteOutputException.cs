namespace ConsistencyModels.Denoising;

/// <summary>A network gave NaN or infinity, which would have become black pixels.</summary>
public sealed class NonFiniteOutputException : ConsistencyModelsException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line that says where and in which images.</param>
    /// <param name="images">Positions in the batch, from 0.</param>
    public NonFiniteOutputException(string message, IReadOnlyList<int> images)
        : base(message)
    {
        Images = images;
    }

    /// <summary>Creates the exception with the one behind it, where a caller adds what the network cannot know: the step.</summary>
    /// <param name="message">One line that says where and in which images.</param>
    /// <param name="images">Positions in the batch, from 0.</param>
    /// <param name="inner">The denoiser's exception.</param>
    public NonFiniteOutputException(string message, IReadOnlyList<int> images, NonFiniteOutputException inner)
        : base(message, inner)
    {
        Images = images;
    }

    /// <summary>
    /// Positions in the batch, from 0, of the images whose output is not finite. A network that runs the batch in chunks
    /// stops at the first chunk with such an image, so later ones may be missing here.
    /// </summary>
    public IReadOnlyList<int> Images { get; }
}
