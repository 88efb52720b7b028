namespace ConsistencyModels.Denoising;

/// <summary>A network gave NaN or infinity, which would have become black pixels.</summary>
public sealed class NonFiniteOutputException : ConsistencyModelsException
{
    private const string Advice = "In F16 this is an overflow: use BF16 or F32. In F32 the weights themselves are broken.";

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
    /// Positions in the batch, from 0 and ascending, of the images whose output is not finite: those of the network call that gave
    /// it. A denoiser that makes several calls ends with the first of them.
    /// </summary>
    public IReadOnlyList<int> Images { get; }

    /// <summary>The message for images of a batch.</summary>
    /// <param name="where">Such as "sigma 80" or "step 2 of 2".</param>
    /// <param name="images">Positions in the batch.</param>
    internal static string Describe(string where, IReadOnlyList<int> images)
    {
        // Never a line of a thousand numbers.
        const int Shown = 8;
        var list = string.Join(", ", images.Take(Shown));
        var which = images.Count == 1 ? $"image {list}"
            : images.Count <= Shown ? $"images {list}"
            : $"images {list} and {images.Count - Shown} more";
        return $"The network gave NaN or infinity at {where} in {which} of the batch. {Advice}";
    }
}
