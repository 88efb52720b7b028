namespace ConsistencyModels.Samplers;

/// <summary>
/// One network call at the first level, for consistency models (arXiv 2303.01469, section 3). Matches openai's
/// <c>sample_onestep</c>; draws no noise.
/// </summary>
/// <param name="levels">The noise levels, of which only the first is used.</param>
public sealed class OneStepSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <summary>At the σ_max of a model.</summary>
    /// <param name="sigmaMax">Largest noise level; 80 for every published model.</param>
    public OneStepSampler(double sigmaMax = 80)
        : this(new NoiseLevels([(float)sigmaMax, 0], sigmaMax))
    {
    }

    /// <inheritdoc/>
    public override int NetworkEvaluations => 1;

    private protected override void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var denoised = run.Rent();
        run.Denoise(x, sigmas[0], denoised);
        run.Report(0, sigmas[0], sigmas[0], x, denoised);
        denoised.CopyTo(x);
    }
}
