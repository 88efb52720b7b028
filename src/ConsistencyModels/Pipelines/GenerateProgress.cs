namespace ConsistencyModels.Pipelines;

/// <summary>How far a generation is; reported after every network call.</summary>
/// <param name="Step">The step at work, from 0.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="Images">Images of the batch that have passed the network in this step.</param>
/// <param name="BatchSize">Images in the batch.</param>
public readonly record struct GenerateProgress(int Step, int Steps, int Images, int BatchSize)
{
    /// <summary>The part done, from above 0 to 1.</summary>
    public double Fraction => (Step + ((double)Images / BatchSize)) / Steps;
}
