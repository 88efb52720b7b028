using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>
/// Multistep sampling of consistency models: denoise, add noise of the next level, denoise again (arXiv 2303.01469, Algorithm 1).
/// Matches openai's <c>stochastic_iterative_sampler</c> with <see cref="MultistepSchedule.FromTs"/>, and diffusers' pipeline
/// with <see cref="MultistepSchedule.FromScheduler"/>.
/// </summary>
/// <param name="schedule">The noise levels.</param>
public sealed class MultistepSampler(MultistepSchedule schedule) : ISampler
{
    /// <summary>The noise levels.</summary>
    public MultistepSchedule Schedule { get; } = schedule ?? throw new ArgumentNullException(nameof(schedule));

    /// <inheritdoc/>
    public double InitialSigma => Schedule.InitialSigma;

    /// <inheritdoc/>
    public int NetworkEvaluations => Schedule.Levels.Count;

    /// <inheritdoc/>
    public void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var run = new SamplerRun(denoiser, x.Length, shape, noise, options, NetworkEvaluations, cancellationToken);
        TensorPrimitives.Multiply(x, (float)InitialSigma, x);
        Run(run, Schedule, x, noise, options?.Callback is not null, null);
        run.Finish(x);
    }

    /// <summary>The loop over a run's denoiser, from a noisy batch on.</summary>
    internal static void Run(
        SamplerRun run, MultistepSchedule schedule, Span<float> x, INoiseGenerator noise, bool reports, MultistepLoop.ReplaceStep? replace)
    {
        // A callback sees both sides of the call, so they cannot be the same memory.
        var scratch = reports ? new float[x.Length] : [];
        MultistepLoop.Run(
            schedule.Levels,
            x,
            run.Shape.Batch,
            noise,
            (step, level, batch) =>
            {
                if (!reports)
                {
                    run.Denoise(batch, level.Sigma, batch, (float)level.Timestep);
                    return;
                }

                run.Denoise(batch, level.Sigma, scratch, (float)level.Timestep);
                run.Report(step, level.Sigma, level.Sigma, batch, scratch);
                scratch.CopyTo(batch);
            },
            replace,
            null);
    }
}
