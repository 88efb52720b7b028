using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Pipelines;

/// <summary>Multistep sampling or editing (arXiv 2303.01469, algorithms 1 and 4) of one plan, with diffusers' order of draws. Everything it changes is its own.</summary>
internal static class GenerationLoop
{
    /// <summary>Draws or scales the latents, draws labels, and denoises step by step.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="denoiser">The model.</param>
    /// <param name="sample">Receives the final batch [N, C, H, W].</param>
    /// <param name="cancellationToken">Observed before every network call, and within it where the engine can.</param>
    /// <returns>The labels; null for a model without classes.</returns>
    public static int[]? Run(GenerationPlan plan, Denoiser denoiser, Span<float> sample, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Start(plan, sample);
        var labels = Labels(plan);
        MultistepLoop.Run(
            plan.Schedule.Levels,
            sample,
            plan.Shape.Batch,
            plan.Generator,
            (step, level, batch) => Denoise(plan, denoiser, step, level, batch, labels, cancellationToken),
            plan.Edit?.Replacement is { } replacement ? replacement.InStep : null,
            (step, level, batch) =>
            {
                if (step % plan.Options.CallbackSteps == 0)
                {
                    plan.Options.Callback?.Invoke(step, level.Timestep, batch, plan.Shape);
                }
            });
        plan.Edit?.Replacement?.AtEnd(sample);
        return labels;
    }

    private static void Start(GenerationPlan plan, Span<float> sample)
    {
        if (plan.Edit is { Start.IsEmpty: false, AddsNoise: false } ready)
        {
            ready.Start.Span.CopyTo(sample);
            return;
        }

        if (plan.Options.Latents.IsEmpty)
        {
            plan.Generator.Randn(sample, plan.Shape.Batch);
        }
        else
        {
            plan.Options.Latents.Span.CopyTo(sample);
        }

        var sigma = (float)plan.Schedule.InitialSigma;
        if (plan.Edit is { Start.IsEmpty: false } edit)
        {
            TensorPrimitives.MultiplyAdd(sample, sigma, edit.Start.Span, sample);
        }
        else
        {
            TensorPrimitives.Multiply(sample, sigma, sample);
        }
    }

    private static int[]? Labels(GenerationPlan plan)
    {
        if (plan.Classes is not { } classes)
        {
            return null;
        }

        if (plan.GivenLabels is not null)
        {
            return [.. plan.GivenLabels];
        }

        // After the latents, where diffusers draws them; but from this call's generator, not from a global one.
        var drawn = new long[plan.Shape.Batch];
        plan.Generator.RandInt(0, classes, drawn);
        return Array.ConvertAll(drawn, label => (int)label);
    }

    private static void Denoise(
        GenerationPlan plan, Denoiser denoiser, int step, MultistepLevel level, Span<float> sample, int[]? labels, CancellationToken cancellationToken)
    {
        var shape = plan.Shape;
        var timestep = (float)level.Timestep;
        var steps = plan.Schedule.Levels.Count;
        var chunk = denoiser.ChunkFor(shape);
        for (var first = 0; first < shape.Batch; first += chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = shape.WithBatch(Math.Min(chunk, shape.Batch - first));
            var images = sample.Slice(first * shape.ImageLength, part.Length);
            try
            {
                denoiser.Denoise(images, part, [level.Sigma], [timestep], labels is null ? [] : labels.AsSpan(first, part.Batch), images, cancellationToken);
            }
            catch (NonFiniteOutputException e)
            {
                var broken = e.Images.Select(image => first + image).ToArray();
                throw new NonFiniteOutputException(
                    $"The network gave NaN or infinity at step {step + 1} of {steps} in {Denoiser.Describe(broken)}. {Denoiser.Advice}", broken, e);
            }

            plan.Options.Progress?.Report(new(step, steps, first + part.Batch, shape.Batch));
        }
    }
}
