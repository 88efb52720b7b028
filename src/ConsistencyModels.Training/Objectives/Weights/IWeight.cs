using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives.Levels;

namespace ConsistencyModels.Training.Objectives.Weights;

/// <summary>How much the distance at each noise level counts.</summary>
public interface IWeight
{
    /// <summary>Turns distances into losses.</summary>
    /// <param name="pairs">The levels of each image.</param>
    /// <param name="losses">Has the distance of each image; receives its loss.</param>
    /// <param name="factors">Receives dLoss/dDistance of each image.</param>
    void Apply(ReadOnlySpan<LevelPair> pairs, Span<float> losses, Span<float> factors);

    /// <summary>What of it is learnt with the network; null for nothing.</summary>
    LearntValues? Learnt => null;
}

/// <summary>A few numbers beside the network's parameters that are learnt with them.</summary>
/// <param name="Values">The numbers; an optimizer changes them in place.</param>
/// <param name="Gradients">dLoss/dValues, summed over images; whoever takes a step sets them to 0.</param>
public sealed record LearntValues(float[] Values, float[] Gradients);

/// <summary>A weight that is a function of the levels.</summary>
public abstract record LevelWeight : IWeight
{
    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<LevelPair> pairs, Span<float> losses, Span<float> factors)
    {
        for (var i = 0; i < pairs.Length; i++)
        {
            factors[i] = Of(pairs[i]);
            losses[i] *= factors[i];
        }
    }

    /// <summary>The weight of an image's levels.</summary>
    /// <param name="pair">The levels.</param>
    public abstract float Of(LevelPair pair);
}

/// <summary>openai's weight schedules and EDM's, by the student's level.</summary>
/// <param name="Schedule">Which.</param>
/// <param name="SigmaData">σ_data.</param>
public sealed record ScheduleWeight(LossWeighting Schedule, double SigmaData = 0.5) : LevelWeight
{
    /// <inheritdoc/>
    public override float Of(LevelPair pair) => Schedule.Weight(pair.From, SigmaData);
}

/// <summary>1/(σ - σ'), the inverse of the gap: improved consistency training and easy consistency tuning.</summary>
public sealed record GapWeight : LevelWeight
{
    /// <inheritdoc/>
    public override float Of(LevelPair pair) => 1 / (pair.From - pair.To);
}
