using System.Runtime.InteropServices;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Training.Steps;

/// <summary>What came of a step.</summary>
/// <param name="Loss">Mean loss of the batch.</param>
/// <param name="GradientNorm">Euclidean norm of the gradient, before clipping.</param>
/// <param name="Skipped">Whether parameters stayed as they were because loss or gradient was not finite.</param>
public readonly record struct StepResult(double Loss, double GradientNorm, bool Skipped);

/// <summary>
/// One step of training, on any engine: gradients of a batch, in parts if need be, then the optimizer, the averages and the target
/// network, in the order of openai's loop. It knows no objective by name.
/// </summary>
/// <param name="state">What the run carries; changed by every step.</param>
/// <param name="optimizer">The optimizer.</param>
/// <param name="teacher">The teacher of an objective that needs one, unless the student becomes the teacher; borrowed.</param>
public sealed class TrainingStep(TrainingState state, Optimizer optimizer, Teacher? teacher = null)
{
    private readonly List<(int Place, LevelPair Pair, float Loss)> _drawn = [];
    private readonly List<(IParameterBuffer Average, double Weight)> _followers = [];
    private readonly Optimizer _learntOptimizer = new(OptimizerKind.Adam, Beta2: 0.99);

    /// <summary>The largest norm of the gradient; larger ones are scaled down to it. 0 for none.</summary>
    public double ClipNorm { get; init; }

    /// <summary>Whether the loss is scaled dynamically, for half precision.</summary>
    public bool ScalesLoss { get; init; }

    /// <summary>The processes that train together.</summary>
    public ICollective Processes { get; init; } = new SingleProcess();

    /// <summary>Learns from a batch.</summary>
    /// <param name="batch">Images and draws.</param>
    /// <param name="clock">How far the run is.</param>
    /// <param name="rate">Step size.</param>
    /// <param name="microBatch">Images that pass the network at a time.</param>
    /// <param name="losses">Receives one loss per image; empty if nobody wants them.</param>
    public StepResult Run(TrainingBatch batch, TrainingClock clock, double rate, int microBatch, Span<float> losses = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfLessThan(microBatch, 1);
        PromoteIfDue(clock);
        state.Network.Gradients.Clear();
        _drawn.Clear();
        var whole = batch.Whole == 0 ? batch.Shape.Batch : batch.Whole;
        var total = 0.0;
        for (var first = 0; first < batch.Shape.Batch; first += microBatch)
        {
            var count = Math.Min(microBatch, batch.Shape.Batch - first);
            total += Accumulate(batch.Slice(first, count), clock, whole, losses.IsEmpty ? default : losses.Slice(first, count));
        }

        return Finish(total, clock, rate, whole);
    }

    /// <summary>Adds the gradients of a part of a batch.</summary>
    /// <param name="batch">The part.</param>
    /// <param name="clock">How far the run is.</param>
    /// <param name="divisor">What the sum of losses is divided by: the images of the whole batch.</param>
    /// <param name="losses">Receives one loss per image; may be empty.</param>
    /// <returns>The part's sum of losses over the divisor.</returns>
    public double Accumulate(TrainingBatch batch, TrainingClock clock, double divisor, Span<float> losses = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var networks = new StepNetworks(state.Network, state.Target, TheTeacher(), state.Objective.Preconditioning, batch);
        using var scratch = new Scratch();
        var own = losses.IsEmpty ? scratch.Floats(batch.Shape.Batch) : losses;
        var gradient = scratch.Floats(batch.Shape.Length);
        var pairs = new LevelPair[batch.Shape.Batch];
        state.Objective.Losses(networks, batch, clock, own, gradient, pairs);
        if (state.Objective.Levels.Learns)
        {
            for (var i = 0; i < pairs.Length; i++)
            {
                _drawn.Add((batch.First + i, pairs[i], own[i]));
            }
        }

        NoiseArithmetic.Scale(gradient, (float)(state.LossScale.Factor / divisor));
        networks.Backward(gradient);
        var sum = 0.0;
        foreach (var loss in own)
        {
            sum += loss;
        }

        return sum / divisor;
    }

    /// <summary>Ends a step whose gradients are there; they are 0 afterwards, unless the step is skipped.</summary>
    /// <param name="loss">This process's share of the mean loss.</param>
    /// <param name="clock">How far the run is.</param>
    /// <param name="rate">Step size.</param>
    /// <param name="batch">Images of the step, over all processes.</param>
    public StepResult Finish(double loss, TrainingClock clock, double rate, int batch)
    {
        var gradients = state.Network.Gradients;
        Processes.Sum(gradients);
        Span<double> shared = [loss];
        Processes.Sum(shared);
        loss = shared[0];
        if (state.LossScale.Factor != 1)
        {
            gradients.Scale(1 / state.LossScale.Factor);
        }

        var norm = gradients.Norm();
        state.ImagesSeen += batch;
        var bad = !double.IsFinite(loss) || !double.IsFinite(norm);
        state.LossScale = state.LossScale.After(bad, ScalesLoss);
        LearnLevels(batch);
        if (bad)
        {
            ClearLearnt();
            return new(loss, norm, Skipped: true);
        }

        if (ClipNorm > 0 && norm > ClipNorm)
        {
            gradients.Scale(ClipNorm / norm);
        }

        state.OptimizerSteps++;
        _followers.Clear();
        for (var i = 0; i < state.Averages.Count; i++)
        {
            _followers.Add((state.Averages[i], 1 - state.AverageOptions[i].Beta(batch, clock.Images)));
        }

        if (state.Target is { } target && state.Objective.Levels.TargetDecay(clock) is { } decay)
        {
            _followers.Add((target, 1 - decay));
        }

        state.Network.Parameters.Adapt(gradients, state.FirstMoment, state.SecondMoment, optimizer.At(state.OptimizerSteps, rate), CollectionsMarshal.AsSpan(_followers));
        Learn(rate, batch);
        return new(loss, norm, Skipped: false);
    }

    private Teacher? TheTeacher() => state.Teacher is { } own
        ? new(new BufferedUNet(state.Network, own), state.Objective.Preconditioning)
        : teacher;

    // By what was done and not by the last step's clock: the length of a run may change on the way.
    private void PromoteIfDue(TrainingClock clock)
    {
        if (state.Teacher is not null && state.Objective.Levels.Generation(clock) is var generation && generation > state.Generation)
        {
            state.Promote();
            state.Generation = generation;
        }
    }

    // Once per step, of all parts and processes: levels depend neither on how a batch is cut nor on who sees it.
    private void LearnLevels(int batch)
    {
        if (!state.Objective.Levels.Learns)
        {
            return;
        }

        var values = new double[2 * batch];
        foreach (var (place, pair, loss) in _drawn)
        {
            (values[place], values[batch + place]) = (pair.Index, loss);
        }

        Processes.Sum(values);
        var pairs = new LevelPair[batch];
        var losses = new float[batch];
        for (var i = 0; i < batch; i++)
        {
            (pairs[i], losses[i]) = (new LevelPair(0, 0) { Index = (int)values[i] }, (float)values[batch + i]);
        }

        state.Objective.Levels.Learn(pairs, losses);
    }

    // The few numbers of an adaptive weight, by Adam with the network's step size.
    private void Learn(double rate, int batch)
    {
        if (state.Objective.Weight.Learnt is not { } learnt)
        {
            return;
        }

        Processes.Sum(learnt.Gradients);
        var step = _learntOptimizer.At(state.OptimizerSteps, rate);
        var count = learnt.Values.Length;
        for (var i = 0; i < count; i++)
        {
            var gradient = learnt.Gradients[i] / batch;
            ref var first = ref state.LearntMoments[i];
            ref var second = ref state.LearntMoments[count + i];
            first = (float)((step.Beta1 * first) + ((1 - step.Beta1) * gradient));
            second = (float)((step.Beta2 * second) + ((1 - step.Beta2) * gradient * gradient));
            learnt.Values[i] -= (float)(step.Rate * first / ((step.RootScale!.Value * Math.Sqrt(second)) + step.Epsilon));
        }

        ClearLearnt();
    }

    private void ClearLearnt()
    {
        if (state.Objective.Weight.Learnt is { } learnt)
        {
            Array.Clear(learnt.Gradients);
        }
    }
}
