using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Searching;

/// <summary>
/// How far a model's pictures by some timesteps are from reference pictures, by some metric.
/// Every list of timesteps is given the same seeds and so the same classes, so that what differs is the timesteps.
/// </summary>
internal sealed class StepObjective
{
    private readonly DiffusionPipeline _pipeline;
    private readonly IStepMetric _metric;
    private readonly IReadOnlyList<int>? _classes;
    private readonly int _samples;
    private readonly ulong _seed;
    private readonly int? _batchSize;

    /// <summary>Takes a metric, whose one half of the reference steers the search while the other half says what was found.</summary>
    /// <param name="pipeline">The model.</param>
    /// <param name="metric">How far pictures are from the reference; borrowed.</param>
    /// <param name="classes">The classes to draw in turn; null draws them at random.</param>
    /// <param name="samples">Pictures for each list of timesteps.</param>
    /// <param name="seed">Seed of the first one.</param>
    /// <param name="batchSize">How many are drawn at once, or null.</param>
    public StepObjective(DiffusionPipeline pipeline, IStepMetric metric, IReadOnlyList<int>? classes, int samples, ulong seed, int? batchSize)
    {
        _pipeline = pipeline;
        _metric = metric;
        _classes = classes;
        _samples = samples;
        _seed = seed;
        _batchSize = batchSize;
    }

    /// <summary>The distance of two halves of the reference: what a perfect model would reach, but for chance.</summary>
    public double Floor => _metric.Floor;

    /// <summary>The distance that steers the search.</summary>
    /// <param name="ts">Timesteps in openai's form.</param>
    /// <param name="progress">Told the part done.</param>
    /// <param name="cancellation">Ends it.</param>
    public double Search(IReadOnlyList<int> ts, IProgress<SamplingProgress>? progress, CancellationToken cancellation) =>
        Distance(Samples(Diffusers(ts), _seed, progress, cancellation), heldOut: false);

    /// <summary>The distance to the half held out, with seeds of its own.</summary>
    /// <param name="timesteps">Descending indices as --timesteps takes them.</param>
    /// <param name="cancellation">Ends it.</param>
    public double HeldOut(IReadOnlyList<int> timesteps, CancellationToken cancellation) =>
        Distance(Samples(timesteps, unchecked(_seed + (ulong)_samples), null, cancellation), heldOut: true);

    /// <summary>openai's ascending indices with the end at σ_min as diffusers' descending ones without it: 0,22,39 is 22,0.</summary>
    public static int[] Diffusers(IReadOnlyList<int> ts) => [.. ts.Take(ts.Count - 1).Reverse()];

    private double Distance(List<GeneratedImage> samples, bool heldOut) => _metric.Of([.. samples.Select(image => image.Values)], samples[0].Shape, heldOut);

    private List<GeneratedImage> Samples(IReadOnlyList<int> timesteps, ulong seed, IProgress<SamplingProgress>? progress, CancellationToken cancellation)
    {
        var options = new GenerateOptions { NumInferenceSteps = null, Timesteps = timesteps, OutputType = OutputType.Raw, ClassLabels = _classes, BatchSize = _batchSize, Progress = progress };
        return
        [
            .. _pipeline.GenerateMany(_samples, seed, options, cancellation),
        ];
    }
}
