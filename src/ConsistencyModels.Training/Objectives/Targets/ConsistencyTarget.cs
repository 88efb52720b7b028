using System.Collections.Immutable;
using System.Numerics.Tensors;
using ConsistencyModels.Training.Objectives.Levels;

namespace ConsistencyModels.Training.Objectives.Targets;

/// <summary>How the noisy image gets from a level to the next lower one.</summary>
public enum OdeStep
{
    /// <summary>Towards the clean image, x + σ' z with the same noise z: no teacher (consistency training, Algorithm 3 of Song et al. 2023).</summary>
    Data,

    /// <summary>One Euler step of the teacher's probability flow.</summary>
    Euler,

    /// <summary>One Heun step of it: two calls (consistency distillation, Algorithm 2).</summary>
    Heun,
}

/// <summary>
/// What a consistency function gives at a lower level of the same trajectory: D(x_(σ'); σ'). Where σ' is 0 that is the clean image,
/// and a network that is not finite there does no harm.
/// </summary>
/// <param name="Step">How the trajectory goes on.</param>
/// <param name="Role">Whose D: the network itself without a gradient and with the student's dropout masks, or the target network.</param>
public sealed record ConsistencyTarget(OdeStep Step, NetworkRole Role) : ITarget
{
    /// <summary>Steps that the teacher takes from a level to the next, on Karras et al.'s grid between them; 1 is the paper's. Without a teacher it means nothing.</summary>
    public int SolverSteps { get; init; } = 1;

    /// <summary>Curvature of that grid.</summary>
    public double Rho { get; init; } = 7;

    /// <inheritdoc/>
    public IReadOnlySet<NetworkRole> Needs => Step == OdeStep.Data ? [Role] : ImmutableHashSet.Create(Role, NetworkRole.Teacher);

    /// <inheritdoc/>
    public void Compute(TargetInput input, IStepNetworks networks, Span<float> target)
    {
        var to = input.To();
        var images = input.Batch.Images.Span;
        if (Array.TrueForAll(to, sigma => sigma == 0))
        {
            images.CopyTo(target);
            return;
        }

        using var scratch = new Scratch();
        var next = scratch.Floats(target.Length);
        switch (Step)
        {
            case OdeStep.Data:
                NoiseArithmetic.Add(images, input.Batch.Noise.Span, to, next);
                break;
            default:
                Solve(networks, input.Noisy, input.From(), to, next);
                break;
        }

        networks.Denoise(Role, next, to, target);
        var length = target.Length / to.Length;
        for (var i = 0; i < to.Length; i++)
        {
            if (to[i] == 0)
            {
                images.Slice(i * length, length).CopyTo(target.Slice(i * length, length));
            }
        }
    }

    private void Solve(IStepNetworks networks, ReadOnlySpan<float> noisy, float[] from, float[] to, Span<float> next)
    {
        using var scratch = new Scratch();
        var x = scratch.Floats(next.Length);
        noisy.CopyTo(x);
        var start = from;
        for (var step = 1; step <= SolverSteps; step++)
        {
            var end = step == SolverSteps ? to : [.. from.Zip(to, (high, low) => KarrasGrid.At((float)step / SolverSteps, low, high, Rho))];
            if (Step == OdeStep.Euler)
            {
                ProbabilityFlow.Euler(networks, x, start, end, next);
            }
            else
            {
                ProbabilityFlow.Heun(networks, x, start, end, next);
            }

            next.CopyTo(x);
            start = end;
        }
    }
}

/// <summary>
/// What the student has to give in one step so that it lands where the teacher lands in two (progressive distillation, Salimans and
/// Ho 2022, Algorithm 2, with Euler steps): x - σ (x'' - x)/(σ'' - σ).
/// </summary>
public sealed record ProgressiveTarget : ITarget
{
    /// <inheritdoc/>
    public IReadOnlySet<NetworkRole> Needs { get; } = ImmutableHashSet.Create(NetworkRole.Teacher);

    /// <inheritdoc/>
    public void Compute(TargetInput input, IStepNetworks networks, Span<float> target)
    {
        using var scratch = new Scratch();
        var middle = scratch.Floats(target.Length);
        var end = scratch.Floats(target.Length);
        var (from, between, to) = (input.From(), input.Middle(), input.To());
        ProbabilityFlow.Euler(networks, input.Noisy, from, between, middle);
        ProbabilityFlow.Euler(networks, middle, between, to, end);
        var length = target.Length / from.Length;
        for (var i = 0; i < from.Length; i++)
        {
            var noisy = input.Noisy.Slice(i * length, length);
            var part = target.Slice(i * length, length);
            TensorPrimitives.Subtract(end.Slice(i * length, length), noisy, part);
            TensorPrimitives.Divide(part, to[i] - from[i], part);
            TensorPrimitives.Multiply(part, -from[i], part);
            TensorPrimitives.Add(noisy, part, part);
        }
    }
}
