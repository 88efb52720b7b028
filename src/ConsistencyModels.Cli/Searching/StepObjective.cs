using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Cli.Searching;

/// <summary>
/// How far a model's pictures by some timesteps are from reference pictures: the energy distance of <see cref="ImageFeatures"/>.
/// Every list of timesteps is given the same seeds and so the same classes, so that what differs is the timesteps.
/// </summary>
internal sealed class StepObjective
{
    private readonly ConsistencyModelPipeline _pipeline;
    private readonly Func<float[], float[]> _scale;
    private readonly float[][] _search;
    private readonly float[][] _heldOut;
    private readonly int _samples;
    private readonly ulong _seed;

    /// <summary>Takes a reference; half of it steers the search, the other half is held out to say what was found.</summary>
    public StepObjective(ConsistencyModelPipeline pipeline, float[] reference, ImageShape shape, int samples, ulong seed)
    {
        var features = ImageFeatures.Of(reference, shape);
        _scale = ImageFeatures.Scaling(features);
        float[][] scaled = [.. features.Select(_scale)];
        _search = scaled[..(scaled.Length / 2)];
        _heldOut = scaled[(scaled.Length / 2)..];
        _pipeline = pipeline;
        _samples = samples;
        _seed = seed;
    }

    /// <summary>The distance of two halves of the reference: what a perfect model would reach, but for chance.</summary>
    public double Floor => ImageFeatures.EnergyDistance(_search, _heldOut);

    /// <summary>The distance that steers the search.</summary>
    /// <param name="ts">Timesteps in openai's form.</param>
    /// <param name="progress">Told the part done.</param>
    /// <param name="cancellation">Ends it.</param>
    public double Search(IReadOnlyList<int> ts, IProgress<GenerateProgress>? progress, CancellationToken cancellation) =>
        ImageFeatures.EnergyDistance(Samples(Diffusers(ts), _seed, progress, cancellation), _search);

    /// <summary>The distance to the half held out, with seeds of its own.</summary>
    /// <param name="timesteps">Descending indices as --timesteps takes them.</param>
    /// <param name="cancellation">Ends it.</param>
    public double HeldOut(IReadOnlyList<int> timesteps, CancellationToken cancellation) =>
        ImageFeatures.EnergyDistance(Samples(timesteps, unchecked(_seed + (ulong)_samples), null, cancellation), _heldOut);

    /// <summary>openai's ascending indices with the end at σ_min as diffusers' descending ones without it: 0,22,39 is 22,0.</summary>
    public static int[] Diffusers(IReadOnlyList<int> ts) => [.. ts.Take(ts.Count - 1).Reverse()];

    private float[][] Samples(IReadOnlyList<int> timesteps, ulong seed, IProgress<GenerateProgress>? progress, CancellationToken cancellation)
    {
        var result = _pipeline.Generate(
            new GenerateOptions
            {
                NumInferenceSteps = null,
                Timesteps = timesteps,
                Seeds = [.. Enumerable.Range(0, _samples).Select(i => unchecked(seed + (ulong)i))],
                OutputType = OutputType.Raw,
                Progress = progress,
            },
            cancellation);
        return [.. ImageFeatures.Of(result.Values, result.Shape).Select(_scale)];
    }
}
