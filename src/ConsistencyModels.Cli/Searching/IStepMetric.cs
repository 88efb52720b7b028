namespace ConsistencyModels.Cli.Searching;

/// <summary>How far pictures are from a reference, of which one half steers a search and the other judges; smaller is better.</summary>
internal interface IStepMetric : IDisposable
{
    /// <summary>What two halves of the reference are apart: what a perfect model would reach, but for chance.</summary>
    double Floor { get; }

    /// <summary>The distance of pictures.</summary>
    /// <param name="samples">The pictures, each [C, H, W].</param>
    /// <param name="shape">Shape of one.</param>
    /// <param name="heldOut">From which half.</param>
    double Of(IReadOnlyList<float[]> samples, ImageShape shape, bool heldOut);
}

/// <summary>The energy distance of <see cref="ImageFeatures"/>, which needs no trained network.</summary>
internal sealed class EnergyMetric : IStepMetric
{
    private readonly Func<float[], float[]> _scale;
    private readonly float[][] _search;
    private readonly float[][] _heldOut;

    /// <summary>Takes a reference.</summary>
    public EnergyMetric(ReferencePictures reference)
    {
        var features = ImageFeatures.Of(reference.Values, reference.Shape);
        _scale = ImageFeatures.Scaling(features);
        float[][] scaled = [.. features.Select(_scale)];
        _search = scaled[..(scaled.Length / 2)];
        _heldOut = scaled[(scaled.Length / 2)..];
    }

    /// <inheritdoc/>
    public double Floor => ImageFeatures.EnergyDistance(_search, _heldOut);

    /// <inheritdoc/>
    public double Of(IReadOnlyList<float[]> samples, ImageShape shape, bool heldOut) =>
        ImageFeatures.EnergyDistance([.. samples.Select(values => _scale(ImageFeatures.Of(values, shape)[0]))], heldOut ? _heldOut : _search);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
