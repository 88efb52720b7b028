using System.Buffers;
using System.Numerics.Tensors;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>Multistep sampling (arXiv 2303.01469, algorithm 1) of one plan, with diffusers' order of draws. Everything it changes is its own.</summary>
internal static class GenerationLoop
{
    /// <summary>Draws or scales the latents, draws labels, and denoises step by step.</summary>
    /// <returns>The final batch [N, C, H, W] and the labels, null for a model without classes.</returns>
    public static (float[] Sample, int[]? Labels) Run(GenerationPlan plan, Denoiser denoiser, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var sample = Start(plan);
        var labels = Labels(plan);
        var schedule = plan.Schedule;
        var steps = schedule.Timesteps.Count;

        // One step draws no noise; with more, even the last one does (its factor is about 7e-7).
        var rented = steps > 1 ? ArrayPool<float>.Shared.Rent(sample.Length) : [];
        try
        {
            for (var step = 0; step < steps; step++)
            {
                Denoise(plan, denoiser, step, sample, labels, cancellationToken);
                if (steps > 1)
                {
                    var noise = rented.AsSpan(0, sample.Length);
                    plan.Generator.Randn(noise, plan.Shape.Batch);
                    var scale = schedule.NoiseScale((float)schedule.Sigmas[step + 1]);
                    CMStochasticIterativeScheduler.AddNoise(sample, noise, scale, sample);
                }

                if (step % plan.Options.CallbackSteps == 0)
                {
                    plan.Options.Callback?.Invoke(step, schedule.Timesteps[step], sample, plan.Shape);
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }

        return (sample, labels);
    }

    private static float[] Start(GenerationPlan plan)
    {
        var sample = GC.AllocateUninitializedArray<float>(plan.Shape.Length);
        if (plan.Options.Latents.IsEmpty)
        {
            plan.Generator.Randn(sample, plan.Shape.Batch);
        }
        else
        {
            plan.Options.Latents.Span.CopyTo(sample);
        }

        TensorPrimitives.Multiply(sample, (float)plan.Schedule.InitNoiseSigma, sample);
        return sample;
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
        GenerationPlan plan, Denoiser denoiser, int step, float[] sample, int[]? labels, CancellationToken cancellationToken)
    {
        var shape = plan.Shape;
        var sigma = (float)plan.Schedule.Sigmas[step];
        var timestep = (float)plan.Schedule.Timesteps[step];
        var steps = plan.Schedule.Timesteps.Count;
        var chunk = denoiser.ChunkFor(shape);
        for (var first = 0; first < shape.Batch; first += chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = shape.WithBatch(Math.Min(chunk, shape.Batch - first));
            var images = sample.AsSpan(first * shape.ImageLength, part.Length);
            try
            {
                denoiser.Denoise(images, part, [sigma], [timestep], labels is null ? [] : labels.AsSpan(first, part.Batch), images, cancellationToken);
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
