namespace ConsistencyModels.Training.Objectives.Levels;

/// <summary>The noise levels of one image.</summary>
/// <param name="From">The level at which the student is asked, above 0.</param>
/// <param name="To">The lower level at which its target lies; 0 for the clean image.</param>
public readonly record struct LevelPair(float From, float To)
{
    /// <summary>A level in between, where a target takes two steps; else 0.</summary>
    public float Middle { get; init; }

    /// <summary>Place in the grid the levels come from; -1 where they come from none.</summary>
    public int Index { get; init; } = -1;

    /// <summary>By how much the loss counts so that drawing some levels more often changes its noise and not its mean.</summary>
    public float Importance { get; init; } = 1;
}

/// <summary>How noise levels are drawn. A draw depends on the batch and the clock alone, so that a resumed run goes on exactly.</summary>
public interface INoiseLevels
{
    /// <summary>Chooses levels for each image.</summary>
    /// <param name="batch">Has the random draws.</param>
    /// <param name="clock">How far the run is.</param>
    /// <param name="pairs">Receives one pair per image.</param>
    void Draw(TrainingBatch batch, TrainingClock clock, Span<LevelPair> pairs);

    /// <summary>Whether it wants to be told of losses.</summary>
    bool Learns => false;

    /// <summary>Told of the losses that came of a step's draws, over all parts and processes; most need not know.</summary>
    /// <param name="pairs">The levels, of which only the places in the grid are there.</param>
    /// <param name="losses">The weighted loss of each image.</param>
    void Learn(ReadOnlySpan<LevelPair> pairs, ReadOnlySpan<float> losses)
    {
    }

    /// <summary>The share of the target network that is kept at a step; null where there is none.</summary>
    /// <param name="clock">How far the run is.</param>
    double? TargetDecay(TrainingClock clock) => null;

    /// <summary>The steps that a few-step sampler takes at this point of the run; null where that is not a thing of the levels.</summary>
    /// <param name="clock">How far the run is.</param>
    int? SamplingSteps(TrainingClock clock) => null;

    /// <summary>Grows by one whenever the student becomes the teacher.</summary>
    /// <param name="clock">How far the run is.</param>
    int Generation(TrainingClock clock) => 0;

    /// <summary>Whether they are spread over the length of the run, and not over a length of their own.</summary>
    bool FollowsLength => false;

    /// <summary>What it has learnt, for checkpoints; empty for most. What is set was got from one with the same settings.</summary>
    float[] State
    {
        get => [];
        set { }
    }
}
