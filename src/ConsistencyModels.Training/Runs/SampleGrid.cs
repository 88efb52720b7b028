using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Files;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// A picture of how far a run is: a row a class, always from the same noise. A diffusion model is sampled with Heun's
/// method; a consistency model in one step (left half) and in two (right half).
/// </summary>
internal static class SampleGrid
{
    private const int Columns = 8;
    private const int LargestRows = 10;
    private const int HeunLevels = 12;
    private const int MostSteps = 32;
    private const int Zoom = 3;
    private const double SigmaMax = 80;

    // Where the second of two steps begins: the noise level published for easy consistency tuning.
    private const float SecondStep = 0.821f;

    public static byte[] Save(string path, IUNet unet, TrainingOptions options, TrainingClock clock, CancellationToken cancellationToken)
    {
        var config = options.Network;
        var rows = Math.Clamp(config.NumClassEmbeds ?? 4, 1, LargestRows);
        var size = config.SampleSize ?? throw new ArgumentException("The trainer sets the sample size.", nameof(options));
        var generator = new TorchGenerator(options.Seed);
        var images = options.Objective.Makes == ModelKind.Diffusion
            ? Diffusion(unet, options.Objective, SamplerOf(options.Objective, clock), generator, new(rows * Columns, config.InChannels, size.Height, size.Width), Labels(config, rows, Columns), cancellationToken)
            : Consistency(unet, options.Objective, generator, rows, size, cancellationToken);
        var png = ImageEncoder.Encode(ImageGrid.Compose(images, new GridOptions { Columns = Columns, Scale = Zoom }));
        AtomicFile.WriteAllBytes(path, png);
        return png;
    }

    private static ImageBuffer[] Diffusion(
        IUNet unet, Objective objective, ISampler sampler, TorchGenerator generator, ImageShape shape, int[] labels, CancellationToken cancellationToken)
    {
        var x = new float[shape.Length];
        generator.Randn(x);
        sampler.Sample(
            new Denoiser(unet, objective.Preconditioning, clip: false), x, shape, generator, new SamplingOptions { ClassLabels = labels }, cancellationToken);
        return PixelConversion.ToImages(x, shape);
    }

    private static ImageBuffer[] Consistency(IUNet unet, Objective objective, TorchGenerator generator, int rows, ImageSize size, CancellationToken cancellationToken)
    {
        const int half = Columns / 2;
        var shape = new ImageShape(rows * half, unet.Config.InChannels, size.Height, size.Width);
        var labels = Labels(unet.Config, rows, half);
        var denoiser = new Denoiser(unet, Sampling(objective), clip: true);
        var one = new float[shape.Length];
        generator.Randn(one);
        TensorPrimitives.Multiply(one, (float)SigmaMax, one);
        denoiser.Denoise(one, shape, [(float)SigmaMax], labels, one, cancellationToken);
        var two = new float[shape.Length];
        generator.Randn(two);
        TensorPrimitives.MultiplyAdd(two, SecondStep, one, two);
        denoiser.Denoise(two, shape, [SecondStep], labels, two, cancellationToken);
        var left = PixelConversion.ToImages(one, shape);
        var right = PixelConversion.ToImages(two, shape);
        return [.. left.Chunk(half).Zip(right.Chunk(half)).SelectMany(pair => pair.First.Concat(pair.Second))];
    }

    private static ISampler SamplerOf(Objective objective, TrainingClock clock) => objective.Levels.SamplingSteps(clock) is { } steps && objective.StudentBecomesTeacher
        ? new ProgressiveDistillationSampler(NoiseLevels.Karras(Math.Min(steps, MostSteps) + 1, objective.Scheduler.SigmaMin, objective.Scheduler.SigmaMax, objective.Scheduler.Rho))
        : new EdmSampler { Steps = HeunLevels };

    // As the saved model is drawn from: with the boundary form, whatever it was trained under.
    private static Preconditioning Sampling(Objective objective) => Preconditioning.Consistency(objective.Scheduler.SigmaData, objective.Scheduler.SigmaMin);

    private static int[] Labels(UNet2DConfig config, int rows, int columns) =>
        config.NumClassEmbeds is null ? [] : [.. Enumerable.Range(0, rows * columns).Select(i => i / columns)];
}
