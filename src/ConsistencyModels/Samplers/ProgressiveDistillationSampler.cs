namespace ConsistencyModels.Samplers;

/// <summary>
/// The sampler of progressively distilled models: Euler steps between the levels above 0, so that the result stays at the
/// smallest level. Matches openai's <c>sample_progdist</c>: N steps take N + 1 Karras levels.
/// </summary>
/// <param name="levels">The noise levels; a final 0 is left out.</param>
public sealed class ProgressiveDistillationSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <inheritdoc/>
    public override int NetworkEvaluations => Levels.Steps - (Levels.Sigmas[^1] == 0 ? 1 : 0);

    private protected override void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas) =>
        EulerSampler.Walk(run, x, sigmas[^1] == 0 ? sigmas[..^1] : sigmas);
}
