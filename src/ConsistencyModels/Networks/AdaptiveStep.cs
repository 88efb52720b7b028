using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Networks;

/// <summary>
/// The numbers of one step of Adam and its kin, element by element, with g the gradient and p the parameter:
/// g ← g + L2·p; m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²; p ← (1-Decay)·p - Rate·m/(RootScale·√v + Epsilon).
/// </summary>
/// <param name="Beta1">Decay of the mean of gradients, in [0, 1).</param>
/// <param name="Beta2">Decay of the mean of squared gradients, in [0, 1).</param>
/// <param name="Rate">Step size with all corrections.</param>
/// <param name="RootScale">Correction of the root; null for a step of the mean alone, p ← p - Rate·m.</param>
/// <param name="Epsilon">Added to the root.</param>
/// <param name="L2">Penalty that becomes part of the gradient.</param>
/// <param name="Decay">Share of the parameter that is lost, AdamW's way.</param>
public readonly record struct AdaptiveStep(
    double Beta1, double Beta2, double Rate, double? RootScale, double Epsilon = 1e-8, double L2 = 0, double Decay = 0)
{
    /// <summary>
    /// The step in plain memory: one pass over it on one thread, without a copy of anything. As fast as memory is, where the same
    /// operation by operation would read it three times over.
    /// </summary>
    /// <param name="parameters">Updated.</param>
    /// <param name="gradients">dLoss/dParameters, as many.</param>
    /// <param name="firstMoment">Running mean of gradients, as many; updated.</param>
    /// <param name="secondMoment">Running mean of squared gradients, as many; updated.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Apply(Span<float> parameters, ReadOnlySpan<float> gradients, Span<float> firstMoment, Span<float> secondMoment)
    {
        if (gradients.Length != parameters.Length || firstMoment.Length != parameters.Length || secondMoment.Length != parameters.Length)
        {
            throw new ArgumentException(
                $"There are {parameters.Length} parameters, {gradients.Length} gradients, {firstMoment.Length} and {secondMoment.Length} moments; expected as many of each.",
                nameof(parameters));
        }

        var numbers = new Numbers(this);
        var p = MemoryMarshal.Cast<float, Vector<float>>(parameters);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradients);
        var m = MemoryMarshal.Cast<float, Vector<float>>(firstMoment);
        var v = MemoryMarshal.Cast<float, Vector<float>>(secondMoment);
        for (var i = 0; i < p.Length; i++)
        {
            numbers.Apply(ref p[i], g[i], ref m[i], ref v[i]);
        }

        var done = p.Length * Vector<float>.Count;
        for (var i = done; i < parameters.Length; i++)
        {
            var (one, first, second) = (new Vector<float>(parameters[i]), new Vector<float>(firstMoment[i]), new Vector<float>(secondMoment[i]));
            numbers.Apply(ref one, new(gradients[i]), ref first, ref second);
            (parameters[i], firstMoment[i], secondMoment[i]) = (one[0], first[0], second[0]);
        }
    }

    private readonly struct Numbers(AdaptiveStep step)
    {
        private readonly float _beta1 = (float)step.Beta1;
        private readonly float _rest1 = (float)(1 - step.Beta1);
        private readonly float _beta2 = (float)step.Beta2;
        private readonly float _rest2 = (float)(1 - step.Beta2);
        private readonly float _rate = (float)step.Rate;
        private readonly float _rootScale = (float)(step.RootScale ?? 0);
        private readonly float _epsilon = (float)step.Epsilon;
        private readonly float _l2 = (float)step.L2;
        private readonly float _keep = (float)(1 - step.Decay);
        private readonly bool _hasRoot = step.RootScale is not null;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Apply(ref Vector<float> p, Vector<float> g, ref Vector<float> m, ref Vector<float> v)
        {
            if (_l2 != 0)
            {
                g += _l2 * p;
            }

            m = (_beta1 * m) + (_rest1 * g);
            v = (_beta2 * v) + (_rest2 * (g * g));
            var by = _hasRoot ? m / ((_rootScale * Vector.SquareRoot(v)) + new Vector<float>(_epsilon)) : m;
            p = (_keep * p) - (_rate * by);
        }
    }
}
