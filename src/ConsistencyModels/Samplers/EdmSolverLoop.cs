using System.Numerics.Tensors;
using ConsistencyModels.Denoising;

namespace ConsistencyModels.Samplers;

/// <summary>One run of <see cref="EdmSampler"/>, with its state in double precision.</summary>
internal sealed class EdmSolverLoop
{
    private readonly EdmSampler _settings;
    private readonly EdmCurve _curve;
    private readonly SamplingRun _run;
    private readonly double[] _x;
    private readonly double[] _slope;
    private readonly double[] _next;
    private readonly double[] _nextSlope;
    private readonly float[] _input;
    private readonly float[] _denoised;

    public EdmSolverLoop(EdmSampler settings, SamplingRun run, int length)
    {
        _settings = settings;
        _curve = new(settings);
        _run = run;
        _x = new double[length];
        _slope = new double[length];
        _next = new double[length];
        _nextSlope = new double[length];
        _input = new float[length];
        _denoised = new float[length];
    }

    /// <summary>From unit noise to images, in place.</summary>
    public void Run(Span<float> x)
    {
        double[] times = [.. _curve.Levels.Select(_curve.TimeOf), 0];
        Begin(x, times[0]);
        for (var i = 0; i < times.Length - 1; i++)
        {
            Step(times[i], times[i + 1], last: i == times.Length - 2);
            EndStep(times[i], x);
        }

        TensorPrimitives.ConvertTruncating<double, float>(_x, x);
    }

    private void Begin(ReadOnlySpan<float> unitNoise, double time)
    {
        var (sigma, scale) = (_curve.Sigma(time), _curve.Scale(time));
        TensorPrimitives.ConvertTruncating<float, double>(unitNoise, _x);
        TensorPrimitives.Multiply<double>(_x, sigma * scale, _x);
        if (!_run.Start.IsEmpty)
        {
            TensorPrimitives.ConvertTruncating<float, double>(_run.Start, _next);
            TensorPrimitives.MultiplyAdd<double>(_next, scale, _x, _x);
        }
    }

    // The state is in double precision; a callback sees it rounded, and what it changed is taken over.
    private void EndStep(double from, Span<float> sample)
    {
        if (!_run.IsWatched)
        {
            _run.EndStep((float)_curve.Sigma(from), sample);
            return;
        }

        TensorPrimitives.ConvertTruncating<double, float>(_x, sample);
        _run.EndStep((float)_curve.Sigma(from), sample);
        for (var i = 0; i < _x.Length; i++)
        {
            if ((float)_x[i] != sample[i])
            {
                _x[i] = sample[i];
            }
        }
    }

    private void Step(double from, double to, bool last)
    {
        var time = Raise(from);
        var h = to - time;
        Slope(_x, time, _slope);
        if (_settings.Solver == EdmSolver.Euler || last)
        {
            TensorPrimitives.MultiplyAdd<double>(_slope, h, _x, _x);
            return;
        }

        var alpha = _settings.Alpha;
        TensorPrimitives.MultiplyAdd<double>(_slope, alpha * h, _x, _next);
        Slope(_next, time + (alpha * h), _nextSlope);
        TensorPrimitives.MultiplyAdd<double>(_slope, h * (1 - (1 / (2 * alpha))), _x, _x);
        TensorPrimitives.MultiplyAdd<double>(_nextSlope, h / (2 * alpha), _x, _x);
    }

    /// <summary>Adds churn's noise; the noise is drawn in any case, as the reference does.</summary>
    private double Raise(double time)
    {
        _run.Noise(_input);
        var sigma = _curve.Sigma(time);
        var gamma = _settings.Churn.Gamma(sigma, _settings.Steps);
        if (gamma <= 0)
        {
            return time;
        }

        var raised = _curve.TimeOf(sigma + (gamma * sigma));
        var level = _curve.Sigma(raised);
        var deviation = Math.Sqrt(Math.Max(0, (level * level) - (sigma * sigma))) * _curve.Scale(raised) * _settings.Churn.NoiseScale;
        TensorPrimitives.Multiply<double>(_x, _curve.Scale(raised) / _curve.Scale(time), _x);
        TensorPrimitives.ConvertTruncating<float, double>(_input, _next);
        TensorPrimitives.MultiplyAdd<double>(_next, deviation, _x, _x);
        return raised;
    }

    /// <summary>dx/dt = (σ'/σ + s'/s)·x - σ's/σ·D(x/s; σ): equation 81 of the paper.</summary>
    private void Slope(double[] x, double time, double[] slope)
    {
        var (sigma, sigmaSlope, scale) = (_curve.Sigma(time), _curve.SigmaSlope(time), _curve.Scale(time));
        TensorPrimitives.Divide<double>(x, scale, slope);
        TensorPrimitives.ConvertTruncating<double, float>(slope, _input);
        _run.Denoise(_input, (float)sigma, _denoised);
        TensorPrimitives.ConvertTruncating<float, double>(_denoised, slope);
        TensorPrimitives.Multiply<double>(slope, -sigmaSlope * scale / sigma, slope);
        TensorPrimitives.MultiplyAdd<double>(x, (sigmaSlope / sigma) + (_curve.ScaleSlope(time) / scale), slope, slope);
    }
}

/// <summary>
/// The functions of time behind <see cref="EdmSampler"/>: σ(t), its derivative and inverse, the scaling s(t) and the list of
/// levels, in double precision, with the constants of EDM's <c>ablation_sampler</c>.
/// </summary>
internal sealed class EdmCurve
{
    private const double EpsilonS = 1e-3;
    private const double BetaD = 19.9;
    private const double BetaMin = 0.1;

    private readonly EdmTime _time;
    private readonly bool _scaled;
    private readonly double _betaD;
    private readonly double _betaMin;

    public EdmCurve(EdmSampler settings)
    {
        _time = settings.Time;
        _scaled = settings.ScaledVariancePreserving;
        (SigmaMin, SigmaMax) = Range(settings);

        // The VP curve that passes through both ends of the range.
        var (low, high) = (Math.Log((SigmaMin * SigmaMin) + 1), Math.Log((SigmaMax * SigmaMax) + 1));
        _betaD = 2 * ((low / EpsilonS) - high) / (EpsilonS - 1);
        _betaMin = high - (0.5 * _betaD);
        Levels = MakeLevels(settings);
    }

    public double SigmaMin { get; }

    public double SigmaMax { get; }

    /// <summary>Levels above 0, descending.</summary>
    public double[] Levels { get; }

    public static (double Min, double Max) Range(EdmSampler settings)
    {
        var (min, max) = settings.Discretization switch
        {
            EdmDiscretization.VariancePreserving => (Vp(EpsilonS, BetaD, BetaMin), Vp(1, BetaD, BetaMin)),
            EdmDiscretization.VarianceExploding => (0.02, 100),
            EdmDiscretization.ImprovedDdpm => (0.002, 81),
            _ => (0.002, 80.0),
        };
        return (settings.SigmaMin ?? min, settings.SigmaMax ?? max);
    }

    public double Sigma(double t) => _time switch
    {
        EdmTime.VariancePreserving => Vp(t, _betaD, _betaMin),
        EdmTime.VarianceExploding => Math.Sqrt(t),
        _ => t,
    };

    public double SigmaSlope(double t) => _time switch
    {
        EdmTime.VariancePreserving => 0.5 * (_betaMin + (_betaD * t)) * (Sigma(t) + (1 / Sigma(t))),
        EdmTime.VarianceExploding => 0.5 / Math.Sqrt(t),
        _ => 1,
    };

    public double TimeOf(double sigma) => _time switch
    {
        EdmTime.VariancePreserving => (Math.Sqrt((_betaMin * _betaMin) + (2 * _betaD * Math.Log((sigma * sigma) + 1))) - _betaMin) / _betaD,
        EdmTime.VarianceExploding => sigma * sigma,
        _ => sigma,
    };

    public double Scale(double t) => _scaled ? 1 / Math.Sqrt(1 + (Sigma(t) * Sigma(t))) : 1;

    public double ScaleSlope(double t) => _scaled ? -Sigma(t) * SigmaSlope(t) * Math.Pow(Scale(t), 3) : 0;

    private static double Vp(double t, double betaD, double betaMin) => Math.Sqrt(Math.Exp((0.5 * betaD * t * t) + (betaMin * t)) - 1);

    private double[] MakeLevels(EdmSampler settings)
    {
        var last = settings.Steps - 1;
        double[] ramp = [.. Enumerable.Range(0, settings.Steps).Select(i => last == 0 ? 0 : (double)i / last)];
        return settings.Discretization switch
        {
            EdmDiscretization.VariancePreserving => Array.ConvertAll(ramp, r => Vp(1 + (r * (EpsilonS - 1)), _betaD, _betaMin)),
            EdmDiscretization.VarianceExploding => Array.ConvertAll(ramp, r => SigmaMax * Math.Pow(SigmaMin / SigmaMax, r)),
            EdmDiscretization.ImprovedDdpm => Thin([.. CosineLevels.Make().Where(sigma => sigma >= SigmaMin && sigma <= SigmaMax)], settings.Steps),
            _ => Karras(ramp, settings.Rho),
        };
    }

    private double[] Karras(double[] ramp, double rho)
    {
        var (min, max) = (Math.Pow(SigmaMin, 1 / rho), Math.Pow(SigmaMax, 1 / rho));
        return Array.ConvertAll(ramp, r => KarrasSigmas.TorchPower(max + (r * (min - max)), rho));
    }

    private static double[] Thin(double[] levels, int steps)
    {
        if (levels.Length < steps)
        {
            throw new ArgumentException($"The schedule has {levels.Length} levels in this range; {steps} steps are asked for.", nameof(levels));
        }

        // Multiplied in the reference's order: halfway between two levels a last bit would choose the other one.
        var stride = steps == 1 ? 0 : (levels.Length - 1) / (double)(steps - 1);
        return [.. Enumerable.Range(0, steps).Select(i => levels[(int)Math.Round(stride * i)])];
    }
}
