using System.Collections.Immutable;
using ConsistencyModels.Training.Objectives.Levels;

namespace ConsistencyModels.Training.Objectives.Targets;

/// <summary>What a target is made of.</summary>
/// <param name="batch">Images and draws.</param>
/// <param name="clock">How far the run is.</param>
/// <param name="pairs">The levels of each image.</param>
/// <param name="noisy">The images at <see cref="LevelPair.From"/>, as the student saw them.</param>
/// <param name="denoised">What the student made of them.</param>
public readonly ref struct TargetInput(
    TrainingBatch batch, TrainingClock clock, ReadOnlySpan<LevelPair> pairs, ReadOnlySpan<float> noisy, ReadOnlySpan<float> denoised)
{
    /// <summary>Images and draws.</summary>
    public TrainingBatch Batch { get; } = batch;

    /// <summary>How far the run is.</summary>
    public TrainingClock Clock { get; } = clock;

    /// <summary>The levels of each image.</summary>
    public ReadOnlySpan<LevelPair> Pairs { get; } = pairs;

    /// <summary>The images at the student's level.</summary>
    public ReadOnlySpan<float> Noisy { get; } = noisy;

    /// <summary>The student's output.</summary>
    public ReadOnlySpan<float> Denoised { get; } = denoised;

    internal float[] From() => Map(Pairs, static pair => pair.From);

    internal float[] To() => Map(Pairs, static pair => pair.To);

    internal float[] Middle() => Map(Pairs, static pair => pair.Middle);

    private static float[] Map(ReadOnlySpan<LevelPair> pairs, Func<LevelPair, float> level)
    {
        var result = new float[pairs.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = level(pairs[i]);
        }

        return result;
    }
}

/// <summary>What the student's output is compared with; a constant for the gradient.</summary>
public interface ITarget
{
    /// <summary>The networks it asks.</summary>
    IReadOnlySet<NetworkRole> Needs { get; }

    /// <summary>Makes the target.</summary>
    /// <param name="input">Images, levels, and the student's output.</param>
    /// <param name="networks">The networks, for this batch.</param>
    /// <param name="target">Receives as many floats as the images.</param>
    void Compute(TargetInput input, IStepNetworks networks, Span<float> target);
}

/// <summary>The clean image: plain denoising, which trains a diffusion model.</summary>
public sealed record CleanTarget : ITarget
{
    /// <inheritdoc/>
    public IReadOnlySet<NetworkRole> Needs => ImmutableHashSet<NetworkRole>.Empty;

    /// <inheritdoc/>
    public void Compute(TargetInput input, IStepNetworks networks, Span<float> target) => input.Batch.Images.Span.CopyTo(target);
}
