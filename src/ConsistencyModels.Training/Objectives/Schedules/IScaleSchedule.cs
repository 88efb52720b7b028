namespace ConsistencyModels.Training.Objectives.Schedules;

/// <summary>Over a run: N, the number of levels of the grid, and how slowly the target network follows.</summary>
public interface IScaleSchedule
{
    /// <summary>N, at least 1.</summary>
    /// <param name="clock">How far the run is.</param>
    int Scales(TrainingClock clock);

    /// <summary>μ: the share of the target network that is kept at a step, 0 to 1; 0 makes it the network itself.</summary>
    /// <param name="clock">How far the run is.</param>
    double TargetDecay(TrainingClock clock);

    /// <summary>Grows by one whenever the student becomes the teacher.</summary>
    /// <param name="clock">How far the run is.</param>
    int Generation(TrainingClock clock) => 0;

    /// <summary>Whether it is spread over the length of the run, and not over a length of its own.</summary>
    bool FollowsLength => false;
}

/// <summary>One N and one μ for the whole run: consistency distillation.</summary>
/// <param name="N">Levels of the grid, at least 2.</param>
/// <param name="Decay">μ.</param>
public sealed record FixedScales(int N, double Decay = 0) : IScaleSchedule
{
    /// <inheritdoc/>
    public int Scales(TrainingClock clock) => N;

    /// <inheritdoc/>
    public double TargetDecay(TrainingClock clock) => Decay;
}

/// <summary>
/// Consistency training's growing grid (Song et al. 2023, appendix C): N(k) = ⌈√(k/K ((s1+1)² - s0²) + s0²) - 1⌉ + 1, and
/// μ(k) = exp(s0 ln μ0 / (N(k) - 1)) where it adapts. Past K it goes on growing, as the original does.
/// </summary>
/// <param name="Start">s0, at least 1.</param>
/// <param name="End">s1.</param>
/// <param name="StartDecay">μ0.</param>
/// <param name="Adaptive">Whether μ grows with N; else it stays μ0.</param>
/// <param name="TotalSteps">K; 0 for the length of the run.</param>
public sealed record GrowingScales(int Start, int End, double StartDecay, bool Adaptive = true, long TotalSteps = 0) : IScaleSchedule
{
    /// <inheritdoc/>
    public int Scales(TrainingClock clock) => Steps(clock) + 1;

    /// <inheritdoc/>
    public bool FollowsLength => TotalSteps == 0;

    /// <inheritdoc/>
    public double TargetDecay(TrainingClock clock) => !Adaptive ? StartDecay : StartDecay <= 0 ? 0 : Math.Exp(Math.Log(StartDecay) * Start / Steps(clock));

    private int Steps(TrainingClock clock)
    {
        var total = TotalSteps > 0 ? TotalSteps : clock.TotalSteps;
        var (start, end) = ((double)Start, (double)End + 1);
        var root = Math.Sqrt(((double)clock.Step / total * ((end * end) - (start * start))) + (start * start));
        return Math.Max(1, (int)Math.Ceiling(root - 1));
    }
}

/// <summary>
/// Improved consistency training's doubling grid (Song and Dhariwal 2023, section 3.4): N(k) = min(s0 2^⌊k/K'⌋, s1) + 1 with
/// K' = ⌊K / (log2⌊s1/s0⌋ + 1)⌋. Its target is the network itself.
/// </summary>
/// <param name="Start">s0.</param>
/// <param name="End">s1.</param>
/// <param name="TotalSteps">K; 0 for the length of the run.</param>
public sealed record DoublingScales(int Start = 10, int End = 1280, long TotalSteps = 0) : IScaleSchedule
{
    /// <inheritdoc/>
    public bool FollowsLength => TotalSteps == 0;

    /// <inheritdoc/>
    public int Scales(TrainingClock clock)
    {
        var total = TotalSteps > 0 ? TotalSteps : clock.TotalSteps;
        var stage = Math.Max(1, (long)Math.Floor(total / (Math.Log2(Math.Floor((double)End / Start)) + 1)));
        return (int)Math.Min(Start * Math.Pow(2, clock.Step / stage), End) + 1;
    }

    /// <inheritdoc/>
    public double TargetDecay(TrainingClock clock) => 0;
}

/// <summary>
/// Progressive distillation's halving steps, as openai's <c>progdist</c> has them: N halves every so many training steps, and the last
/// two stages, 2 and 1, last twice as long. The student becomes the teacher each time.
/// </summary>
/// <param name="Start">N at first, a power of 2.</param>
/// <param name="StepsPerStage">Training steps of a stage; 0 divides the length of the run, with one more stage at N = 1.</param>
public sealed record HalvingScales(int Start, long StepsPerStage) : IScaleSchedule
{
    /// <inheritdoc/>
    public bool FollowsLength => StepsPerStage == 0;

    /// <inheritdoc/>
    public int Scales(TrainingClock clock)
    {
        // Two of the stages last twice as long.
        var stage = StepsPerStage > 0 ? StepsPerStage : Math.Max(1, (long)(clock.TotalSteps / (Math.Log2(Start) + 3)));
        var scales = Math.Max(2, Shifted(Start, clock.Step / stage));
        if (scales > 2)
        {
            return scales;
        }

        var late = Math.Max(0, clock.Step - (stage * (Math.Log2(Start) - 1)));
        return Math.Max(1, Shifted(2, (long)Math.Floor(late / (stage * 2))));
    }

    /// <inheritdoc/>
    public double TargetDecay(TrainingClock clock) => 1;

    /// <inheritdoc/>
    public int Generation(TrainingClock clock) => (int)Math.Round(Math.Log2((double)Start / Scales(clock)));

    private static int Shifted(int value, long places) => places > 30 ? 0 : value >> (int)places;
}
