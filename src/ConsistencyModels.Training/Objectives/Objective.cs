using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// What a network is trained for: where noise levels are drawn, what the target is, how it is weighed and by what metric. All the
/// objectives differ in nothing else. It owns the preconditioning too: what is trained, drawn from and saved cannot disagree.
/// </summary>
public sealed record Objective
{
    /// <summary>Its name on the command line and in logs: "edm", "ect".</summary>
    public required string Name { get; init; }

    /// <summary>What the trained network is: a consistency model, which draws in one step, or a diffusion model.</summary>
    public required ModelKind Makes { get; init; }

    /// <summary>The noise levels of each image.</summary>
    public required INoiseLevels Levels { get; init; }

    /// <summary>What the network's output is compared with.</summary>
    public required ITarget Target { get; init; }

    /// <summary>How much each level counts.</summary>
    public required IWeight Weight { get; init; }

    /// <summary>The distance of output and target.</summary>
    public required IMetric Metric { get; init; }

    /// <summary>The scalars around the network, in training and afterwards.</summary>
    public required Preconditioning Preconditioning { get; init; }

    /// <summary>The scheduler that is saved with the model.</summary>
    public required CMStochasticIterativeSchedulerConfig Scheduler { get; init; }

    /// <summary>
    /// Every setting that changes the losses, by name, as text that is the same in every culture: what makes a run this run. A setting
    /// that is added later counts as its default in older checkpoints.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Whether the teacher is the student of some steps ago: it is part of the run, and of the student's architecture.</summary>
    public bool StudentBecomesTeacher { get; init; }

    /// <summary>
    /// Whether its schedule is spread over the length of the run: by itself, or because whoever made it took a setting from that length.
    /// </summary>
    public bool FollowsLength { get => field || Levels.FollowsLength; init; }

    /// <summary>Which networks beside the one in training it needs.</summary>
    public IReadOnlySet<NetworkRole> Needs => Target.Needs;

    /// <summary>The losses of a batch, and where they lead.</summary>
    /// <param name="networks">The networks, for this batch.</param>
    /// <param name="batch">Images and draws.</param>
    /// <param name="clock">How far the run is.</param>
    /// <param name="losses">Receives one loss per image.</param>
    /// <param name="gradient">Receives dLoss/dD of each image, with D the student's output: as many floats as the images.</param>
    /// <param name="levels">Receives the levels of each image; empty if nobody wants them.</param>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    public void Losses(
        IStepNetworks networks, TrainingBatch batch, TrainingClock clock, Span<float> losses, Span<float> gradient, Span<LevelPair> levels = default)
    {
        ArgumentNullException.ThrowIfNull(networks);
        ArgumentNullException.ThrowIfNull(batch);
        var shape = batch.Shape;
        ThrowIfOther(losses.Length, shape.Batch, nameof(losses));
        ThrowIfOther(gradient.Length, shape.Length, nameof(gradient));
        using var scratch = new Scratch();
        var pairs = new LevelPair[shape.Batch];
        Levels.Draw(batch, clock, pairs);
        var sigmas = Array.ConvertAll(pairs, pair => pair.From);
        var noisy = scratch.Floats(shape.Length);
        NoiseArithmetic.Add(batch.Images.Span, batch.Noise.Span, sigmas, noisy);
        var denoised = scratch.Floats(shape.Length);
        networks.Student(noisy, sigmas, denoised);
        var target = scratch.Floats(shape.Length);
        Target.Compute(new(batch, clock, pairs, noisy, denoised), networks, target);
        Metric.Measure(denoised, target, shape, losses, gradient);
        Weigh(pairs, losses, gradient, shape.ImageLength);
        if (!levels.IsEmpty)
        {
            pairs.CopyTo(levels);
        }
    }

    private static void ThrowIfOther(int found, int expected, string name)
    {
        if (found != expected)
        {
            throw new ArgumentException($"There is room for {found} values; expected {expected}.", name);
        }
    }

    private void Weigh(LevelPair[] pairs, Span<float> losses, Span<float> gradient, int length)
    {
        var factors = new float[pairs.Length];
        Weight.Apply(pairs, losses, factors);
        for (var i = 0; i < pairs.Length; i++)
        {
            NoiseArithmetic.Scale(gradient.Slice(i * length, length), factors[i] * pairs[i].Importance);
            losses[i] *= pairs[i].Importance;
        }
    }
}
