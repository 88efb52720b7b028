namespace ConsistencyModels.Training.Runs;

/// <summary>One line of a run's log.</summary>
/// <param name="Step">Optimizer steps so far.</param>
/// <param name="ImagesSeen">Images learnt from so far.</param>
/// <param name="ImagesTotal">Images of the whole run.</param>
/// <param name="Loss">Mean finite loss of the steps since the last line.</param>
/// <param name="GradientNorm">Euclidean norm of the last step's gradient.</param>
/// <param name="LearningRate">Step size of the last step.</param>
/// <param name="ImagesPerSecond">Speed since the last line.</param>
/// <param name="Skipped">Steps since the last line that were left out because the loss or the gradient was not finite.</param>
public sealed record TrainingProgress(
    long Step, long ImagesSeen, long ImagesTotal, double Loss, double GradientNorm, double LearningRate, double ImagesPerSecond, int Skipped);
