using System.Numerics.Tensors;

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
