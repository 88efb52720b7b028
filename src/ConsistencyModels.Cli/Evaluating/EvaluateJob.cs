using System.Diagnostics;
using System.Security.Cryptography;
using ConsistencyModels.Cli.Reports;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Evaluation.References;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>What an evaluation found, with what a report shows.</summary>
/// <param name="Manifest">All that the numbers depend on, and the numbers.</param>
/// <param name="Samples">The samples' features.</param>
/// <param name="Reference">The reference.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record Evaluated(EvaluationManifest Manifest, ExtractedFeatures Samples, EvaluationReference Reference, TimeSpan Elapsed);

/// <summary>A <c>cm evaluate</c> command: opens everything, refuses what cannot be measured before any picture is drawn, and measures.</summary>
/// <param name="settings">The words of the command line.</param>
/// <param name="processes">The processes that share the work.</param>
/// <param name="console">Where to show progress.</param>
/// <param name="cancellation">Ends it; with --out the same command goes on.</param>
internal sealed class EvaluateJob(EvaluateSettings settings, ICollective processes, CliConsole console, CancellationToken cancellation) : IDisposable
{
    private const int DefaultCount = 50_000;

    private readonly List<IDisposable> _opened = [];

    /// <summary>The samples, for a report.</summary>
    public IPictureSet? SamplePictures { get; private set; }

    /// <summary>The reference's pictures, for a report; null where there are only statistics.</summary>
    public DataSetPictures? ReferencePictures { get; private set; }

    /// <summary>Measures.</summary>
    /// <returns>The result; null in other processes than the first.</returns>
    public Evaluated? Run()
    {
        var clock = Stopwatch.StartNew();
        var extractorName = settings.Extractor ?? ExtractorStore.Default;
        var extractor = Opened(Spinner.For(console, "opening the extractor", _ => new ExtractorStore().Open(extractorName, settings.Engine.Threads)));
        var options = OptionsFor(extractor.Manifest);
        var onlyStatistics = StatisticsFile.IsStatistics(settings.Reference);
        var statistics = onlyStatistics ? LoadStatistics(extractor) : null;
        var (samples, description) = OpenSamples(onlyStatistics);
        SamplePictures = samples;
        var selection = settings.ReferencePictures(settings.Size ?? samples switch
        {
            ModelPictures model => model.Side,
            NoisePictures noise => noise.Side,
            _ => ((DataSetPictures)samples).Size.Width,
        });
        ReferencePictures = onlyStatistics ? null : Opened(SampleSource.Open(settings.Reference, selection, settings.ReferenceCount, console, cancellation));
        if (settings.MatchClasses)
        {
            (samples as ModelPictures ?? throw new ConsistencyModelsException("--match-classes is for a model that draws classes; the samples are there already"))
                .MatchClasses(ReferencePictures ?? throw new ConsistencyModelsException($"--match-classes: {settings.Reference} holds statistics, and no classes"));
            description = ((ModelPictures)samples).Description;
        }

        var count = statistics is null ? ReferencePictures!.Count : statistics.Features.Count;
        var evaluator = new Evaluator(extractor.Manifest.Name, options);
        evaluator.ThrowIfImpossible(samples.Count, count, onlyStatistics, extractor.Manifest.Spatial is not null && (statistics is null || statistics.Spatial is not null), extractor.Manifest.Logits is not null);
        var warnings = evaluator.Warnings(samples.Count, count, extractor.FeatureLength);
        foreach (var warning in warnings)
        {
            console.Note(warning);
        }

        var extraction = new FeatureExtraction(extractor, settings.Batch ?? FeatureExtraction.DefaultBatch);
        var real = statistics is null ? TakeReference(extraction) : null;
        var drawn = Take(extraction, samples, settings.Out is { } folder ? Path.Combine(folder, "features") : null, samples is ModelPictures ? "drawing and looking at the samples" : "looking at the samples");
        if (drawn is null)
        {
            return null;
        }

        var reference = statistics is null ? new EvaluationReference(real!) : new EvaluationReference(statistics);
        var results = Spinner.For(console, "computing the metrics", report => evaluator.Compute(drawn, reference, word => report(0, word)));
        var manifest = new EvaluationManifest
        {
            Version = CommandLineApp.Version,
            Samples = description,
            Reference = new(settings.Reference, ReferencePictures?.Fingerprint ?? HashOf(settings.Reference), onlyStatistics, count, onlyStatistics ? new() : selection),
            Extractor = new(extractor.Manifest.Name, extractorName, extractor.Hash, OnnxExtractor.RuntimeVersion),
            Batch = settings.Batch ?? FeatureExtraction.DefaultBatch,
            Options = options,
            Processor = Machine.Processor(),
            Results = results,
            Warnings = warnings,
        };
        return new(manifest, drawn, reference, clock.Elapsed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var opened in Enumerable.Reverse(_opened))
        {
            opened.Dispose();
        }
    }

    private (IPictureSet Pictures, SamplesDescription Description) OpenSamples(bool onlyStatistics)
    {
        if (onlyStatistics && (settings.Floor || settings.ReferenceSelection with { Background = default } != new PictureSelection()))
        {
            throw new ConsistencyModelsException($"{settings.Reference}: holds statistics, of which no pictures can be chosen; expected pictures with --floor or with options that choose some of the reference");
        }

        if (settings.Floor)
        {
            var half = settings.ReferencePictures(settings.Size) with { Half = 1 };
            var real = Opened(SampleSource.Open(settings.Reference, half, settings.Count, console, cancellation));
            return (real, SampleSource.Describe(real, settings.Reference, half));
        }

        if (SampleSource.IsNoise(settings.Samples))
        {
            var noise = new NoisePictures(
                settings.Size ?? throw new ConsistencyModelsException("noise has no size of its own; give --size, that of the reference's pictures"), 3, settings.Count ?? DefaultCount);
            return (noise, SampleSource.Describe(noise));
        }

        if (SampleSource.IsModel(settings.Samples ?? settings.Engine.Model.Name))
        {
            var model = Opened(ModelPictures.Open(settings.Engine, settings.Sampling, settings.Count ?? DefaultCount, console, cancellation));
            return (model, model.Description);
        }

        if (!settings.Sampling.IsDefault)
        {
            throw new ConsistencyModelsException($"{settings.Samples} holds pictures: options of how a model is drawn from do not go with it");
        }

        var selection = new PictureSelection { Size = settings.Size, Split = settings.Split, Background = settings.ReferenceSelection.Background };
        var pictures = Opened(SampleSource.Open(settings.Samples!, selection, settings.Count, console, cancellation));
        return (pictures, SampleSource.Describe(pictures, settings.Samples!, selection));
    }

    private EvaluationOptions OptionsFor(ExtractorManifest extractor)
    {
        var words = settings.Metrics.Count > 0 ? settings.Metrics : ["fd"];
        if (words is ["all"])
        {
            words =
            [
                .. EvaluationMetrics.Words.Where(word => word switch { "sfd" => extractor.Spatial is not null, "is" => extractor.Logits is not null, _ => true }),
            ];
        }

        return new() { Metrics = EvaluationMetrics.Parse(words, extractor.Name), JackknifeParts = settings.Parts ?? Jackknife.DefaultParts };
    }

    private StatisticsFile LoadStatistics(OnnxExtractor extractor)
    {
        var statistics = StatisticsFile.Load(settings.Reference);
        if (statistics.Extractor is { } hash && hash != extractor.Hash)
        {
            throw new ConsistencyModelsException($"{settings.Reference}: was made by an extractor with the SHA-256 {hash}, and {extractor.Manifest.Name} here has {extractor.Hash}; expected the same one");
        }

        return statistics.Features.Length == extractor.FeatureLength ? statistics
            : throw new ConsistencyModelsException($"{settings.Reference}: has vectors of {statistics.Features.Length} numbers, and the extractor {extractor.Manifest.Name} gives {extractor.FeatureLength}: it was made by another one");
    }

    private ExtractedFeatures? TakeReference(FeatureExtraction extraction)
    {
        var folder = FeatureCache.FolderOf(extraction, ReferencePictures!);
        var features = Take(extraction, ReferencePictures!, folder ?? (settings.Out is { } own && processes.Count > 1 ? Path.Combine(own, "reference") : null), "looking at the reference");
        if (folder is not null && processes.Rank == 0)
        {
            FeatureCache.Prune(folder);
        }

        return features;
    }

    private ExtractedFeatures? Take(FeatureExtraction extraction, IPictureSet pictures, string? folder, string what) => Spinner.For(console, what, report => extraction.Run(
        pictures, folder, processes, new SynchronousProgress<ExtractionProgress>(progress => report((double)progress.Done / Math.Max(1, progress.Total), $"{progress.Done} of {progress.Total}")), cancellation));

    private T Opened<T>(T one)
        where T : IDisposable
    {
        _opened.Add(one);
        return one;
    }

    private static string HashOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
