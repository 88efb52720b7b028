using System.Collections.Immutable;

namespace ConsistencyModels.Training.Objectives.Targets;

/// <summary>
/// The target of continuous-time consistency models (Lu and Song 2024, "sCM", section 4 and Algorithm 1), in TrigFlow's terms: t =
/// arctan(σ/σ_data), x_t = cos t x, F = (cos t x_t - D)/(σ_data sin t). The tangent g = -cos²t (σ_data F - dx/dt) - r cos t sin t
/// (x_t + σ_data dF/dt) is divided by |g| + c, and the target is D - σ_data sin t g.
/// </summary>
/// <remarks>
/// TrigFlow's D and EDM's are one function: c_skip, c_out and c_in agree, and F changes its sign. What a network is told of the noise
/// stays 250 ln σ, so that diffusion models made here can be tuned; cos t sin t dF/dt is then dF/dln σ, which does not grow without
/// bound towards pure noise. It is taken by central differences, summed in double precision, with the student's dropout masks.
/// </remarks>
/// <param name="SigmaData">σ_data.</param>
/// <param name="Warmup">Steps over which r rises from 0 to 1.</param>
/// <param name="Distills">Whether dx/dt is the teacher's; else it is that of image and noise.</param>
/// <param name="Gap">
/// 0 for the derivative; else the difference of ln σ in the discrete form (dsCM, Algorithm 2 of the paper's appendix), which needs
/// one more call of the network in place of two.
/// </param>
/// <param name="Normalization">c; 0.1 in the paper.</param>
/// <param name="Difference">Half the difference of ln σ that the derivative is taken over.</param>
public sealed record TangentTarget(
    double SigmaData = 0.5, long Warmup = 10_000, bool Distills = false, double Gap = 0, double Normalization = 0.1, double Difference = 5e-4) : ITarget
{
    /// <inheritdoc/>
    public IReadOnlySet<NetworkRole> Needs => Distills ? ImmutableHashSet.Create(NetworkRole.Self, NetworkRole.Teacher) : [NetworkRole.Self];

    /// <inheritdoc/>
    public void Compute(TargetInput input, IStepNetworks networks, Span<float> target)
    {
        using var scratch = new Scratch();
        var tangent = scratch.Floats(target.Length);
        Tangent(input, networks, tangent);
        var length = input.Batch.Shape.ImageLength;
        for (var i = 0; i < input.Pairs.Length; i++)
        {
            var g = tangent.Slice(i * length, length);
            var sum = 0.0;
            foreach (var value in g)
            {
                sum += (double)value * value;
            }

            var angle = Angle(input.Pairs[i].From);
            var scale = SigmaData * Math.Sin(angle) / (Math.Sqrt(sum) + Normalization);
            for (var j = 0; j < length; j++)
            {
                var at = (i * length) + j;
                target[at] = (float)(input.Denoised[at] - (scale * g[j]));
            }
        }
    }

    /// <summary>g before it is normalised.</summary>
    internal void Tangent(TargetInput input, IStepNetworks networks, Span<float> tangent)
    {
        using var scratch = new Scratch();
        var from = input.From();
        var length = input.Batch.Shape.ImageLength;
        var velocity = scratch.Floats(tangent.Length);
        Velocity(input, networks, velocity);
        var network = scratch.Floats(tangent.Length);
        networks.Network(NetworkRole.Self, input.Noisy, from, network);
        var change = scratch.Floats(tangent.Length);
        if (Gap > 0)
        {
            Elsewhere(input, networks, velocity, -Gap, change);
        }
        else
        {
            Derivative(input, networks, velocity, change);
        }

        var share = Warmup <= 0 ? 1 : Math.Min(1.0, (double)input.Clock.Step / Warmup);
        for (var i = 0; i < from.Length; i++)
        {
            var t = Angle(from[i]);
            var lower = Angle((float)(from[i] * Math.Exp(-Gap)));
            var (cos, sin) = (Math.Cos(t), Math.Sin(t));
            var (lowerCos, lowerSin, gapCos, gapSin) = (Math.Cos(lower), Math.Sin(lower), Math.Cos(t - lower), Math.Sin(t - lower));
            for (var j = i * length; j < (i + 1) * length; j++)
            {
                // EDM's F is -F of TrigFlow.
                var slope = -(SigmaData * network[j]) - velocity[j];
                if (Gap > 0)
                {
                    // (cos(t-t') F(t) - F(t'))/sin(t-t') tends to dF/dt.
                    var curve = (cos * input.Noisy[j]) + (SigmaData * (change[j] - (gapCos * network[j])) / gapSin);
                    tangent[j] = (float)(cos * (-(lowerCos * slope) - (share * lowerSin * curve)));
                }
                else
                {
                    tangent[j] = (float)(-(cos * cos * slope) - (share * ((cos * sin * cos * input.Noisy[j]) - (SigmaData * change[j]))));
                }
            }
        }
    }

    private double Angle(float sigma) => Math.Atan(sigma / SigmaData);

    // dx/dt of x_t = cos t x0 + sin t σ_data z, or the teacher's σ_data F.
    private void Velocity(TargetInput input, IStepNetworks networks, Span<float> velocity)
    {
        var from = input.From();
        if (Distills)
        {
            networks.Denoise(NetworkRole.Teacher, input.Noisy, from, velocity);
        }

        var images = input.Batch.Images.Span;
        var noise = input.Batch.Noise.Span;
        var length = input.Batch.Shape.ImageLength;
        for (var i = 0; i < from.Length; i++)
        {
            var t = Angle(from[i]);
            var (cos, sin) = (Math.Cos(t), Math.Sin(t));
            for (var j = i * length; j < (i + 1) * length; j++)
            {
                velocity[j] = (float)(Distills ? ((cos * cos * input.Noisy[j]) - velocity[j]) / sin : (cos * SigmaData * noise[j]) - (sin * images[j]));
            }
        }
    }

    // Receives dF/dln σ of EDM's F along the trajectory.
    private void Derivative(TargetInput input, IStepNetworks networks, ReadOnlySpan<float> velocity, Span<float> change)
    {
        using var scratch = new Scratch();
        var above = scratch.Floats(change.Length);
        Elsewhere(input, networks, velocity, Difference, above);
        Elsewhere(input, networks, velocity, -Difference, change);
        for (var i = 0; i < change.Length; i++)
        {
            change[i] = (float)(((double)above[i] - change[i]) / (2 * Difference));
        }
    }

    // The network's output where the trajectory is at another ln σ: x_t turns by the angle between the two times.
    private void Elsewhere(TargetInput input, IStepNetworks networks, ReadOnlySpan<float> velocity, double by, Span<float> network)
    {
        using var scratch = new Scratch();
        var moved = scratch.Floats(network.Length);
        var from = input.From();
        var length = moved.Length / from.Length;
        var levels = new float[from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            levels[i] = (float)(from[i] * Math.Exp(by));
            var (t, other) = (Angle(from[i]), Angle(levels[i]));
            var own = Math.Cos(other - t) * Math.Cos(t) / Math.Cos(other);
            var along = Math.Sin(other - t) / Math.Cos(other);
            for (var j = i * length; j < (i + 1) * length; j++)
            {
                moved[j] = (float)((own * input.Noisy[j]) + (along * velocity[j]));
            }
        }

        networks.Network(NetworkRole.Self, moved, levels, network);
    }
}
