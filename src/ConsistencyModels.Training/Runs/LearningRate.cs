namespace ConsistencyModels.Training.Runs;

/// <summary>The step size over a run: a linear rise, a plateau, a linear fall.</summary>
internal static class LearningRate
{
    /// <summary>The step size after that many images.</summary>
    public static double At(TrainingOptions options, long imagesSeen)
    {
        var rise = options.RampImages > 0 ? Math.Min(1.0, (double)(imagesSeen + options.Batch) / options.RampImages) : 1;
        var fall = options.DecayImages > 0 ? Math.Clamp((double)(options.Images - imagesSeen) / options.DecayImages, 0, 1) : 1;
        return options.LearningRate * rise * fall;
    }
}
