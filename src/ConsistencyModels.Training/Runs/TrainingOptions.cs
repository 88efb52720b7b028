using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Training.Runs;

/// <summary>Everything that decides the result of a training run, and where it keeps its files.</summary>
public sealed record TrainingOptions
{
    /// <summary>Folder of the run: checkpoints, log, sample grids, the model. A run that is there already is resumed.</summary>
    public required string Folder { get; init; }

    /// <summary>The network. Its sample size becomes that of the images.</summary>
    public required UNet2DConfig Network { get; init; }

    /// <summary>What it is trained for.</summary>
    public required IObjective Objective { get; init; }

    /// <summary>Images the whole run learns from, counted with repetition.</summary>
    public required long Images { get; init; }

    /// <summary>A model of the same network to start from, read when a run begins; the caller keeps it. Null starts fresh.</summary>
    public Model? InitialModel { get; init; }

    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Images that pass the network at a time: a step adds up the gradients of as many parts as it takes. 0 means the whole batch.</summary>
    public int MicroBatch { get; init; }

    /// <summary>Step size of the optimizer.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The step size rises linearly from 0 over this many images.</summary>
    public long RampImages { get; init; }

    /// <summary>The step size falls linearly to 0 over the last images of the run, this many; 0 keeps it constant.</summary>
    public long DecayImages { get; init; }

    /// <summary>Half-life of the parameters' average in images.</summary>
    public double AverageHalfLife { get; init; } = 50_000;

    /// <summary>The half-life is at most this share of the images seen.</summary>
    public double AverageRampRatio { get; init; } = 0.05;

    /// <summary>Second moment's decay of RAdam.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Mirror images left to right at random.</summary>
    public bool Flip { get; init; }

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; }

    /// <summary>Time between checkpoints.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between sample grids.</summary>
    public TimeSpan SampleEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Steps between lines of the log.</summary>
    public int LogEverySteps { get; init; } = 50;

    /// <summary>Checkpoints kept; older ones are deleted.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Threads of libtorch; 0 leaves its default.</summary>
    public int Threads { get; init; }
}
