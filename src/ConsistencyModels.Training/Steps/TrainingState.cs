using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Training.Steps;

/// <summary>
/// What a run carries from step to step: the network, its averages, the optimizer's moments, the target network, the teacher if it
/// is part of the run, and how far it is. Owns all of it but the network.
/// </summary>
public sealed class TrainingState : IDisposable
{
    private readonly List<IParameterBuffer> _averages = [];

    /// <summary>Makes the buffers that an objective needs, all zero.</summary>
    /// <param name="network">The network in training; borrowed.</param>
    /// <param name="objective">What it is trained for.</param>
    /// <param name="averages">Averages to keep, at least one; the first is the one that samples are drawn from.</param>
    public TrainingState(ITrainableUNet network, Objective objective, IReadOnlyList<AverageOptions> averages)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(averages);
        ArgumentOutOfRangeException.ThrowIfZero(averages.Count, nameof(averages));
        Network = network;
        Objective = objective;
        AverageOptions = averages;
        try
        {
            FirstMoment = network.NewBuffer();
            SecondMoment = network.NewBuffer();
            foreach (var _ in averages)
            {
                _averages.Add(network.NewBuffer());
            }

            Target = objective.Needs.Contains(NetworkRole.Target) ? network.NewBuffer() : null;
            Teacher = objective.StudentBecomesTeacher ? network.NewBuffer() : null;
        }
        catch
        {
            Dispose();
            throw;
        }

        // What an objective learnt in another run is no part of this one.
        objective.Levels.State = [];
        var learnt = objective.Weight.Learnt?.Values ?? [];
        Array.Clear(learnt);
        LearntMoments = new float[2 * learnt.Length];
    }

    /// <summary>The network in training.</summary>
    public ITrainableUNet Network { get; }

    /// <summary>What it is trained for.</summary>
    public Objective Objective { get; }

    /// <summary>How each average is taken.</summary>
    public IReadOnlyList<AverageOptions> AverageOptions { get; }

    /// <summary>The running averages of the parameters, in the order of <see cref="AverageOptions"/>.</summary>
    public IReadOnlyList<IParameterBuffer> Averages => _averages;

    /// <summary>Running mean of gradients.</summary>
    public IParameterBuffer FirstMoment { get; } = null!;

    /// <summary>Running mean of squared gradients.</summary>
    public IParameterBuffer SecondMoment { get; } = null!;

    /// <summary>The target network's parameters; null where the objective has none.</summary>
    public IParameterBuffer? Target { get; }

    /// <summary>The teacher's parameters where the student becomes the teacher; else null.</summary>
    public IParameterBuffer? Teacher { get; }

    /// <summary>Losses that no line of the log has yet.</summary>
    internal UnloggedLosses Unlogged { get; set; }

    /// <summary>Both moments of <see cref="Objectives.Weights.LearntValues"/>, one after the other.</summary>
    public float[] LearntMoments { get; }

    /// <summary>Steps of the optimizer since its moments were 0.</summary>
    public long OptimizerSteps { get; set; }

    /// <summary>How often the student has become the teacher.</summary>
    public int Generation { get; set; }

    /// <summary>Images learnt from.</summary>
    public long ImagesSeen { get; set; }

    /// <summary>
    /// Images of the whole run as it was to be when it began, over which its schedules are spread; at least 1. A run that is made longer or
    /// shorter on the way keeps it.
    /// </summary>
    public long ScheduleImages { get; set; } = 1;

    /// <summary>Factor on the loss that keeps small gradients of half precision above 0; 1 in single precision.</summary>
    public LossScale LossScale { get; set; } = LossScale.None;

    /// <summary>Every buffer with its name in checkpoints.</summary>
    public IEnumerable<(string Name, IParameterBuffer Buffer)> Buffers()
    {
        yield return ("parameters", Network.Parameters);
        for (var i = 0; i < _averages.Count; i++)
        {
            yield return (i == 0 ? "average" : $"average.{i}", _averages[i]);
        }

        yield return ("optimizer.first_moment", FirstMoment);
        yield return ("optimizer.second_moment", SecondMoment);
        if (Target is not null)
        {
            yield return ("target", Target);
        }

        if (Teacher is not null)
        {
            yield return ("teacher", Teacher);
        }
    }

    /// <summary>Begins averages, target and own teacher with the network's parameters: the start of a run.</summary>
    public void StartFromParameters()
    {
        foreach (var average in _averages)
        {
            average.CopyFrom(Network.Parameters);
        }

        Target?.CopyFrom(Network.Parameters);
        Teacher?.CopyFrom(Network.Parameters);
    }

    /// <summary>The student becomes the teacher: optimizer and averages begin anew.</summary>
    public void Promote()
    {
        StartFromParameters();
        FirstMoment.Clear();
        SecondMoment.Clear();
        OptimizerSteps = 0;
    }

    /// <summary>Takes over process 0's state in all processes.</summary>
    /// <param name="processes">The processes; each calls this.</param>
    public void Share(ICollective processes)
    {
        ArgumentNullException.ThrowIfNull(processes);
        if (processes.Count == 1)
        {
            return;
        }

        var mine = processes.Rank == 0 ? 1 : 0;
        double[] numbers = [mine * ImagesSeen, mine * OptimizerSteps, mine * LossScale.Factor, mine * LossScale.GoodSteps, mine * Objective.Levels.State.Length, mine * Generation, mine * ScheduleImages];
        processes.Sum(numbers);
        (ImagesSeen, OptimizerSteps, LossScale) = ((long)numbers[0], (long)numbers[1], new(numbers[2], (int)numbers[3]));
        (Generation, ScheduleImages) = ((int)numbers[5], (long)numbers[6]);
        foreach (var (_, buffer) in Buffers())
        {
            processes.Broadcast(buffer);
        }

        processes.Broadcast(LearntMoments);
        if (Objective.Weight.Learnt is { } learnt)
        {
            processes.Broadcast(learnt.Values);
        }

        if (numbers[4] > 0)
        {
            var levels = mine == 1 ? Objective.Levels.State : new float[(int)numbers[4]];
            processes.Broadcast(levels);
            Objective.Levels.State = levels;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment?.Dispose();
        SecondMoment?.Dispose();
        _averages.ForEach(average => average.Dispose());
        Target?.Dispose();
        Teacher?.Dispose();
    }
}

/// <summary>Dynamic loss scaling: the factor halves when gradients overflow, and doubles after a long row of good steps.</summary>
/// <param name="Factor">The factor now.</param>
/// <param name="GoodSteps">Good steps since it last changed.</param>
public readonly record struct LossScale(double Factor, int GoodSteps)
{
    private const int StepsToGrow = 2000;
    private const double Largest = 1 << 24;

    /// <summary>No scaling: for single precision and bfloat16.</summary>
    public static LossScale None { get; } = new(1, 0);

    /// <summary>Where half precision starts.</summary>
    public static LossScale Start { get; } = new(1 << 16, 0);

    /// <summary>The factor after a step.</summary>
    /// <param name="overflowed">Whether a gradient was not finite.</param>
    /// <param name="dynamic">False leaves it as it is.</param>
    public LossScale After(bool overflowed, bool dynamic) => (dynamic, overflowed) switch
    {
        (false, _) => this,
        (_, true) => new(Math.Max(1, Factor / 2), 0),
        _ when GoodSteps + 1 >= StepsToGrow => new(Math.Min(Largest, Factor * 2), 0),
        _ => this with { GoodSteps = GoodSteps + 1 },
    };
}

/// <summary>Losses of the steps since the last line of the log.</summary>
/// <param name="Sum">Their sum.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Skipped">Steps that were left out, since theirs was not finite.</param>
internal readonly record struct UnloggedLosses(double Sum, int Count, int Skipped)
{
    /// <summary>Their mean; NaN where every step was left out.</summary>
    public double Mean => Count == 0 ? double.NaN : Sum / Count;

    /// <summary>With one step more.</summary>
    /// <param name="loss">Its loss; null if it was left out.</param>
    public UnloggedLosses With(double? loss) => loss is { } value ? this with { Sum = Sum + value, Count = Count + 1 } : this with { Skipped = Skipped + 1 };
}
