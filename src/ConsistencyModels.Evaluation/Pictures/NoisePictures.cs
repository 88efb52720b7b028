using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Pictures;

/// <summary>
/// Normally distributed noise of deviation 1 where pictures have values of -1 to 1: how far from real pictures is what shows nothing at all, for the other
/// end of a scale.
/// </summary>
public sealed class NoisePictures : IPictureSet
{
    /// <summary>What a command line calls them.</summary>
    public const string Word = "noise";

    private readonly ImageShape _shape;

    /// <summary>Describes the pictures: picture i comes from PyTorch's CPU generator seeded with i.</summary>
    /// <param name="side">Side in pixels, 1 to 8192.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public NoisePictures(int side, int channels, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 8192);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Pictures have 1 or 3 channels.");
        }

        (_shape, Count) = (new(1, channels, side, side), count);
    }

    /// <inheritdoc/>
    public string Name => Word;

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public string Identity => $"gaussian noise {_shape.Channels}x{_shape.Height}x{_shape.Width}";

    /// <summary>Width and height of every picture.</summary>
    public int Side => _shape.Height;

    /// <inheritdoc/>
    public IEnumerable<ImageBuffer> Read(int first, int count, CancellationToken cancellationToken)
    {
        for (var i = first; i < first + count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var values = new float[_shape.Length];
            new TorchGenerator((ulong)i).Randn(values);
            yield return PixelConversion.ToImages(values, _shape)[0];
        }
    }
}
