using ConsistencyModels.Checkpoints;
using ConsistencyModels.Data.Augmentation;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Training.Runs;

/// <summary>Everything that decides the result of a training run, and where it keeps its files.</summary>
public sealed record TrainingOptions
{
    /// <summary>Folder of the run: checkpoints, log, sample grids, the model. A run that is there already is resumed.</summary>
    public required string Folder { get; init; }

    /// <summary>The network. Its sample size becomes that of the images.</summary>
    public required UNet2DConfig Network { get; init; }

    /// <summary>What it is trained for.</summary>
    public required Objective Objective { get; init; }

    /// <summary>Images the whole run learns from, counted with repetition.</summary>
    public required long Images { get; init; }

    /// <summary>A model of the same network to start from, read when a run begins; the caller keeps it. Null starts fresh.</summary>
    public Model? InitialModel { get; init; }

    /// <summary>Images per step, over all processes.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Images that pass the network at a time: a step adds up the gradients of as many parts as it takes. 0 means the whole batch.</summary>
    public int MicroBatch { get; init; }

    /// <summary>Step size of the optimizer.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The step size rises linearly from 0 over this many images.</summary>
    public long RampImages { get; init; }

    /// <summary>The step size falls linearly to 0 over the last images of the run, this many; 0 keeps it constant.</summary>
    public long DecayImages { get; init; }

    /// <summary>Running averages of the parameters to keep, at least one. The first is the one that becomes the model.</summary>
    public IReadOnlyList<AverageOptions> Averages { get; init; } = [AverageOptions.OfHalfLife(50_000)];

    /// <summary>The optimizer.</summary>
    public Optimizer Optimizer { get; init; } = new(Beta2: 0.99);

    /// <summary>Larger gradients are scaled down to this norm; 0 for none.</summary>
    public double ClipNorm { get; init; }

    /// <summary>The diffusion model that is distilled, for objectives that need one; the caller keeps it.</summary>
    public Model? Teacher { get; init; }

    /// <summary>Precision of activations: F32, BF16 or F16 (with loss scaling). Parameters, gradients and averages are in single precision.</summary>
    public TensorDType Precision { get; init; } = TensorDType.F32;

    /// <summary>The processes that train together.</summary>
    public ICollective Processes { get; init; } = new SingleProcess();

    /// <summary>Mirror images left to right at random.</summary>
    public bool Flip { get; init; }

    /// <summary>
    /// The probability of each of EDM's augmentations, 0 to 1, of which the network is told while it trains
    /// (<see cref="AugmentationOptions.Edm"/>): published with 0.12 for CIFAR-10, 0.15 for FFHQ and AFHQ. 0 for none. Not with a teacher.
    /// </summary>
    public double Augment { get; init; }

    /// <summary>Words about where the run comes from, such as the command line, which <c>run.json</c> keeps as they are and nothing depends on.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Origin { get; init; } = [];

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; }

    /// <summary>Time between checkpoints.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between sample grids.</summary>
    public TimeSpan SampleEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Measures the model on the way; null for none.</summary>
    public PeriodicEvaluation? Evaluation { get; init; }

    /// <summary>Steps between lines of the log.</summary>
    public int LogEverySteps { get; init; } = 50;

    /// <summary>Checkpoints kept; older ones are deleted.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Name of the engine that trains; null for the first that can. Another engine's results differ by rounding.</summary>
    public string? Engine { get; init; }

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Compute threads; 0 leaves the choice to the engine.</summary>
    public int Threads { get; init; }

    /// <summary>The same with the engine's choice: as many as there are processors.</summary>
    internal int ThreadCount => Threads > 0 ? Threads : Environment.ProcessorCount;
}
