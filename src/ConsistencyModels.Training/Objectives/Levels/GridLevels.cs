using ConsistencyModels.Training.Objectives.Schedules;
using MathNet.Numerics;

namespace ConsistencyModels.Training.Objectives.Levels;

/// <summary>
/// Neighbouring levels of Karras et al.'s grid, σ_i = (σ_max^(1/ρ) + i/(N-1) (σ_min^(1/ρ) - σ_max^(1/ρ)))^ρ, whose N follows a
/// schedule (Song et al. 2023, Algorithms 2 and 3): from σ_i to σ_(i+1), i drawn from 0 to N-2.
/// </summary>
/// <param name="Scales">N over the run.</param>
/// <param name="Choice">How i is drawn.</param>
/// <param name="SigmaMin">Smallest level, above 0.</param>
/// <param name="SigmaMax">Largest level.</param>
/// <param name="Rho">Curvature.</param>
public sealed record GridLevels(IScaleSchedule Scales, ILevelChoice Choice, double SigmaMin = 0.002, double SigmaMax = 80, double Rho = 7) : INoiseLevels
{
    /// <summary>
    /// Places from a level to that of its target, the last level at most: with more than 1 the targets at the bottom of the grid reach
    /// those at its top in fewer steps (the skipping steps of Luo et al. 2023, "Latent Consistency Models", section 4.3).
    /// </summary>
    public int Skip { get; init; } = 1;

    /// <inheritdoc/>
    public float[] State { get => Choice.State; set => Choice.State = value; }

    /// <inheritdoc/>
    public bool Learns => Choice.Learns;

    /// <inheritdoc/>
    public bool FollowsLength => Scales.FollowsLength;

    /// <inheritdoc/>
    public double? TargetDecay(TrainingClock clock) => Scales.TargetDecay(clock);

    /// <inheritdoc/>
    public void Draw(TrainingBatch batch, TrainingClock clock, Span<LevelPair> pairs)
    {
        var scales = Scales.Scales(clock);
        var steps = new float[scales];
        for (var i = 0; i < scales; i++)
        {
            steps[i] = KarrasGrid.At((float)i / (scales - 1), SigmaMin, SigmaMax, Rho);
        }

        Choice.Prepare(steps);
        for (var i = 0; i < pairs.Length; i++)
        {
            var (index, importance) = Choice.Draw(batch.Uniforms.Span[i]);
            pairs[i] = new(steps[index], steps[Math.Min(index + Skip, scales - 1)]) { Index = index, Importance = importance };
        }
    }

    /// <inheritdoc/>
    public void Learn(ReadOnlySpan<LevelPair> pairs, ReadOnlySpan<float> losses) => Choice.Learn(pairs, losses);
}

/// <summary>
/// The steps of progressive distillation (Salimans and Ho 2022): from i/N to (i+1)/N of the way, with the teacher's stop at
/// (i+½)/N, i drawn from 0 to N-1. The last one ends at σ_min.
/// </summary>
/// <param name="Scales">N over the run; it halves.</param>
/// <param name="SigmaMin">Smallest level, above 0.</param>
/// <param name="SigmaMax">Largest level.</param>
/// <param name="Rho">Curvature.</param>
public sealed record HalvingLevels(IScaleSchedule Scales, double SigmaMin = 0.002, double SigmaMax = 80, double Rho = 7) : INoiseLevels
{
    /// <inheritdoc/>
    public void Draw(TrainingBatch batch, TrainingClock clock, Span<LevelPair> pairs)
    {
        var scales = Scales.Scales(clock);
        for (var i = 0; i < pairs.Length; i++)
        {
            var index = Math.Min((int)(batch.Uniforms.Span[i] * scales), scales - 1);
            pairs[i] = new(At((float)index / scales), At((float)(index + 1) / scales)) { Index = index, Middle = At((index + 0.5f) / scales) };
        }
    }

    /// <inheritdoc/>
    public int? SamplingSteps(TrainingClock clock) => Scales.Scales(clock);

    /// <inheritdoc/>
    public bool FollowsLength => Scales.FollowsLength;

    /// <inheritdoc/>
    public int Generation(TrainingClock clock) => Scales.Generation(clock);

    private float At(float place) => KarrasGrid.At(place, SigmaMin, SigmaMax, Rho);
}

/// <summary>Which place of a grid an image gets.</summary>
public interface ILevelChoice
{
    /// <summary>Gets ready for a grid.</summary>
    /// <param name="sigmas">N levels, descending.</param>
    void Prepare(ReadOnlySpan<float> sigmas);

    /// <summary>A place from 0 to N-2, and by how much its loss counts.</summary>
    /// <param name="uniform">A draw from [0, 1).</param>
    (int Index, float Importance) Draw(float uniform);

    /// <summary>Whether it wants to be told of losses.</summary>
    bool Learns => false;

    /// <summary>Told of the losses that came of it.</summary>
    /// <param name="pairs">The levels.</param>
    /// <param name="losses">The weighted loss of each image.</param>
    void Learn(ReadOnlySpan<LevelPair> pairs, ReadOnlySpan<float> losses)
    {
    }

    /// <summary>What it has learnt, for checkpoints.</summary>
    float[] State
    {
        get => [];
        set { }
    }
}

/// <summary>Every place alike.</summary>
public sealed class UniformChoice : ILevelChoice
{
    private int _places = 1;

    /// <inheritdoc/>
    public void Prepare(ReadOnlySpan<float> sigmas) => _places = sigmas.Length - 1;

    /// <inheritdoc/>
    public (int Index, float Importance) Draw(float uniform) => (Math.Min((int)(uniform * (double)_places), _places - 1), 1);
}

/// <summary>
/// Places by the probability that ln σ of a normal distribution lies between a level and the next (Song and Dhariwal 2023,
/// section 3.5): p(i) ~ erf((ln σ_i - μ)/(√2 s)) - erf((ln σ_(i+1) - μ)/(√2 s)).
/// </summary>
/// <param name="pMean">μ, the mean of ln σ.</param>
/// <param name="pStd">s, its standard deviation.</param>
public sealed class LogNormalChoice(double pMean = -1.1, double pStd = 2.0) : ILevelChoice
{
    private double[] _sums = [];
    private float[] _prepared = [];

    /// <inheritdoc/>
    public void Prepare(ReadOnlySpan<float> sigmas)
    {
        if (sigmas.SequenceEqual(_prepared))
        {
            return;
        }

        _prepared = sigmas.ToArray();
        _sums = Weights(sigmas, pMean, pStd);
        for (var i = 1; i < _sums.Length; i++)
        {
            _sums[i] += _sums[i - 1];
        }
    }

    /// <summary>The weights of places, not normalised, in double precision: N - 1 of them.</summary>
    /// <param name="sigmas">N levels, descending.</param>
    /// <param name="pMean">μ.</param>
    /// <param name="pStd">s.</param>
    public static double[] Weights(ReadOnlySpan<float> sigmas, double pMean, double pStd)
    {
        var weights = new double[sigmas.Length - 1];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = Erf(sigmas[i]) - Erf(sigmas[i + 1]);
        }

        return weights;

        double Erf(float sigma) => SpecialFunctions.Erf((Math.Log(sigma) - pMean) / (Math.Sqrt(2) * pStd));
    }

    /// <inheritdoc/>
    public (int Index, float Importance) Draw(float uniform)
    {
        var place = Array.BinarySearch(_sums, uniform * _sums[^1]);
        return (Math.Min(place >= 0 ? place + 1 : ~place, _sums.Length - 1), 1);
    }
}

/// <summary>The levels of the training grid in single precision, as openai's losses compute them.</summary>
internal static class KarrasGrid
{
    public static float At(float place, double sigmaMin, double sigmaMax, double rho)
    {
        var max = Math.Pow(sigmaMax, 1 / rho);
        var difference = Math.Pow(sigmaMin, 1 / rho) - max;
        return MathF.Pow((float)max + (place * (float)difference), (float)rho);
    }
}
