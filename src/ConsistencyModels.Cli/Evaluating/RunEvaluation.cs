using System.Globalization;
using ConsistencyModels.Cli.Runs;
using ConsistencyModels.Data;
using ConsistencyModels.Engines;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>What <c>cm train --evaluate-every</c> does: the averaged model draws the same noise each time, and is compared with the reference.</summary>
internal sealed class RunEvaluation : IDisposable
{
    private const int DefaultCount = 1000;
    private const int MostReference = 10_000;

    private readonly OnnxExtractor _extractor;
    private readonly FeatureExtraction _extraction;
    private readonly Evaluator _evaluator;
    private readonly EvaluationReference _reference;
    private readonly ClassShares _shares;
    private readonly EngineSettings _engine;
    private readonly int _count;
    private readonly CliConsole _console;

    private RunEvaluation(OnnxExtractor extractor, FeatureExtraction extraction, Evaluator evaluator, EvaluationReference reference, ClassShares shares, EngineSettings engine, int count, CliConsole console) =>
        (_extractor, _extraction, _evaluator, _reference, _shares, _engine, _count, _console) = (extractor, extraction, evaluator, reference, shares, engine, count, console);

    /// <summary>Opens the extractor and looks at the reference, before a step is made.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="side">Side of the pictures in pixels.</param>
    /// <param name="engines">The engines there are.</param>
    /// <param name="console">Where to tell numbers.</param>
    /// <param name="cancellation">Ends it.</param>
    public static RunEvaluation Open(TrainSettings settings, int side, EngineRegistry engines, CliConsole console, CancellationToken cancellation)
    {
        var extractor = new ExtractorStore().Open(settings.EvaluateExtractor ?? ExtractorStore.Default, settings.Threads);
        try
        {
            var count = settings.EvaluateCount ?? DefaultCount;
            var words = (settings.EvaluateMetrics ?? "fd,kd").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var evaluator = new Evaluator(extractor.Manifest.Name, new EvaluationOptions { Metrics = EvaluationMetrics.Parse(words, extractor.Manifest.Name), JackknifeParts = 0 });

            // The run's own pictures are those that it learns from, and the same each time.
            var own = TrainPlan.DataOptions(settings, side);
            using var pictures = DataSetPictures.Open(
                settings.EvaluateReference ?? settings.Data,
                settings.EvaluateReference is not null ? new() { Size = side, Background = own.Background } : own with { Balance = 0, Crop = own.Crop == ImageCrop.Random ? ImageCrop.Center : own.Crop },
                cancellationToken: cancellation,
                atMost: MostReference);
            evaluator.ThrowIfImpossible(count, pictures.Count, onlyStatistics: false, extractor.Manifest.Spatial is not null, extractor.Manifest.Logits is not null);
            foreach (var warning in evaluator.Warnings(count, pictures.Count, extractor.FeatureLength))
            {
                console.Note(warning);
            }

            var extraction = new FeatureExtraction(extractor);
            var reference = Spinner.For(console, "looking at the reference", report => extraction.Run(
                pictures, FeatureCache.FolderOf(extraction, pictures), progress: new SynchronousProgress<ExtractionProgress>(progress => report((double)progress.Done / progress.Total, "")), cancellationToken: cancellation));

            // A model that changes is no reason to keep packed weights.
            var engine = new EngineSettings { Engines = engines, Device = settings.Device, Threads = settings.Threads, PackedCache = false };
            return new(extractor, extraction, evaluator, new EvaluationReference(reference!), ClassShares.Of(pictures), engine, count, console);
        }
        catch
        {
            extractor.Dispose();
            throw;
        }
    }

    /// <summary>Measures a model.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Measure(Model model, CancellationToken cancellation)
    {
        using var pipeline = _engine.Load(model, cancellation);
        var sampler = new SamplingWords().SamplerFor(model).Create(model.Scheduler);
        var pictures = new Drawn(pipeline, new GenerateOptions { Sampler = sampler, NumInferenceSteps = null }, _shares.Fit(model) ? _shares.Labels(model, _count) : null, _count);
        var results = _evaluator.Compute(_extraction.Run(pictures, cancellationToken: cancellation)!, _reference);
        if (!_console.ErrorIsTerminal)
        {
            _console.Error.WriteLine(string.Join("  ", results.Select(result => string.Create(CultureInfo.InvariantCulture, $"{result.Name} {result.Value:G5}"))));
        }

        return [.. results.Select(result => KeyValuePair.Create(result.Name, result.Value))];
    }

    /// <inheritdoc/>
    public void Dispose() => _extractor.Dispose();

    private sealed class Drawn(DiffusionPipeline pipeline, GenerateOptions options, int[]? labels, int count) : IPictureSet
    {
        public string Name => "the model";

        public int Count => count;

        // Never kept: the next model differs.
        public string Identity => "";

        public IEnumerable<ImageBuffer> Read(int first, int wanted, CancellationToken cancellationToken) =>
            pipeline.GenerateMany(wanted, (ulong)first, options with { ClassLabels = labels?[first..(first + wanted)] }, cancellationToken).Select(image => image.Image);
    }
}
