using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Searching;

/// <summary>A metric of <c>cm evaluate</c> over an extractor's features.</summary>
internal sealed class ExtractorMetric : IStepMetric
{
    private readonly OnnxExtractor _extractor;
    private readonly FeatureExtraction _extraction;
    private readonly Evaluator _evaluator;
    private readonly EvaluationMetric _metric;
    private readonly ExtractedFeatures _search;
    private readonly ExtractedFeatures _heldOut;

    private ExtractorMetric(OnnxExtractor extractor, EvaluationMetric metric, ReferencePictures reference, CancellationToken cancellation)
    {
        (_extractor, _metric, _extraction) = (extractor, metric, new FeatureExtraction(extractor));
        _evaluator = new(extractor.Manifest.Name, new EvaluationOptions { Metrics = [metric], JackknifeParts = 0 });
        var images = PixelConversion.ToImages(reference.Values, reference.Shape);
        _search = Look(images[..(images.Length / 2)], cancellation);
        _heldOut = Look(images[(images.Length / 2)..], cancellation);
    }

    /// <inheritdoc/>
    public double Floor => Value(_search, _heldOut);

    /// <summary>Opens an extractor and looks at a reference.</summary>
    /// <param name="word">A metric's word.</param>
    /// <param name="extractor">Name or file of the extractor; null for the default.</param>
    /// <param name="reference">The reference.</param>
    /// <param name="samples">How many pictures each list of timesteps will have.</param>
    /// <param name="threads">Threads of the extractor; 0 for one a core.</param>
    /// <param name="cancellation">Ends it.</param>
    public static ExtractorMetric Open(string word, string? extractor, ReferencePictures reference, int samples, int threads, CancellationToken cancellation)
    {
        var opened = new ExtractorStore().Open(extractor ?? ExtractorStore.Default, threads);
        try
        {
            var metric = EvaluationMetrics.Parse([word], opened.Manifest.Name)[0];
            var made = metric == EvaluationMetric.Neighbours
                ? throw new ConsistencyModelsException("--metric nn tells copies from new pictures, it ranks no timesteps; expected fd, sfd, kd, is, pr or dc")
                : new ExtractorMetric(opened, metric, reference, cancellation);
            made._evaluator.ThrowIfImpossible(samples, reference.Shape.Batch / 2, onlyStatistics: false, opened.Manifest.Spatial is not null, opened.Manifest.Logits is not null);
            return made;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public double Of(IReadOnlyList<float[]> samples, ImageShape shape, bool heldOut) =>
        Value(Look([.. samples.Select(values => PixelConversion.ToImages(values, shape)[0])], default), heldOut ? _heldOut : _search);

    /// <inheritdoc/>
    public void Dispose() => _extractor.Dispose();

    // Of two numbers the mean; where more is better, less is better of the negative.
    private double Value(ExtractedFeatures samples, ExtractedFeatures reference)
    {
        var value = _evaluator.Compute(samples, new EvaluationReference(reference)).Average(result => result.Value);
        return _metric is EvaluationMetric.Frechet or EvaluationMetric.SpatialFrechet or EvaluationMetric.Kernel ? value : -value;
    }

    private ExtractedFeatures Look(ImageBuffer[] images, CancellationToken cancellation) => _extraction.Run(new PicturesInMemory(images), cancellationToken: cancellation)!;

    private sealed class PicturesInMemory(ImageBuffer[] images) : IPictureSet
    {
        public string Name => "the pictures";

        public int Count => images.Length;

        // They are never kept.
        public string Identity => "";

        public IEnumerable<ImageBuffer> Read(int first, int count, CancellationToken cancellationToken) => images.Skip(first).Take(count);
    }
}
