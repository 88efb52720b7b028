using ConsistencyModels.Denoising;

namespace ConsistencyModels.Samplers;

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
