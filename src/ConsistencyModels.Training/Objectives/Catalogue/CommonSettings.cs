using ConsistencyModels.Denoising;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Training.Objectives.Metrics;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>Settings that several objectives have, with the same names and meanings.</summary>
internal static class CommonSettings
{
    public static double SigmaData(this SettingValues settings) => settings.Number("sigma_data", 0.5, above: 0);

    /// <summary>The grid's ends and curvature.</summary>
    public static (double Min, double Max, double Rho) Grid(this SettingValues settings)
    {
        var min = settings.Number("sigma_min", 0.002, above: 0);
        var max = settings.Number("sigma_max", 80, above: 0);
        return max > min
            ? (min, max, settings.Number("rho", 7, above: 0))
            : throw new ConsistencyModelsException($"sigma_max is {max}, expected more than sigma_min, which is {min}");
    }

    public static LossWeighting Weighting(this SettingValues settings, string fallback) =>
        settings.Word("weight", fallback, "uniform", "snr", "snr+1", "karras", "truncated-snr") switch
        {
            "snr" => LossWeighting.Snr,
            "snr+1" => LossWeighting.SnrPlusOne,
            "karras" => LossWeighting.Karras,
            "truncated-snr" => LossWeighting.TruncatedSnr,
            _ => LossWeighting.Uniform,
        };

    public static IMetric Metric(this SettingValues settings, string fallback)
    {
        const int small = 32;
        switch (settings.Word("metric", fallback, "l1", "l2", "l2-32", "huber", "lpips"))
        {
            case "l1":
                return new L1Metric();
            case "l2":
                return new L2Metric();
            case "l2-32":
                return new ResizedMetric(new L2Metric(), small);
            case "lpips":
                return settings.Perceptual();
            default:
                // 0 is the published choice, which depends on the images' size.
                var c = settings.Number("huber_c", 0, above: 0, orEqual: true);
                return new PseudoHuberMetric(c == 0 ? null : c);
        }
    }

    public static CMStochasticIterativeSchedulerConfig Scheduler(int steps, double sigmaData, (double Min, double Max, double Rho) grid) => new()
    {
        NumTrainTimesteps = Math.Max(2, steps),
        SigmaData = sigmaData,
        SigmaMin = grid.Min,
        SigmaMax = grid.Max,
        Rho = grid.Rho,
    };
}
