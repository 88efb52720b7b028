using ConsistencyModels.Editing;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Pipelines;

/// <summary>A picture to be edited in a stream.</summary>
/// <param name="Image">The picture. Gray and RGB are converted to each other as the model needs.</param>
/// <param name="Edit">What is to be done to it.</param>
/// <param name="Seed">Seed of the result.</param>
/// <param name="ClassLabel">Its class; null draws it. A model without classes ignores it.</param>
public sealed record PictureEdit(ImageBuffer Image, ImageEdit Edit, ulong Seed, int? ClassLabel = null);

// Streams of images: any number, in memory for a few, each by its own seed and so the same in any other stream.
public partial class DiffusionPipeline
{
    // 64 images of 32x32, 16 of 64x64 or one of 256x256 at once: beyond that a CPU gains nothing from a larger batch, and the
    // first images come later.
    private const int PixelsAtOnce = 65536;

    /// <summary>Generates any number of images: image i by the seed <paramref name="firstSeed"/> + i.</summary>
    /// <param name="count">How many.</param>
    /// <param name="firstSeed">Seed of the first image; null for a fresh one.</param>
    /// <param name="options">As for <see cref="GenerateMany(IReadOnlyList{ulong}, GenerateOptions?, CancellationToken)"/>.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ArgumentException">As for <see cref="GenerateMany(IReadOnlyList{ulong}, GenerateOptions?, CancellationToken)"/>.</exception>
    /// <example>
    /// <code>
    /// foreach (var drawn in pipeline.GenerateMany(count: 20, firstSeed: 1))
    /// {
    ///     drawn.Image.Save($"{drawn.Seed}.png");
    /// }
    /// </code>
    /// </example>
    public IEnumerable<GeneratedImage> GenerateMany(
        int count, ulong? firstSeed = null, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return GenerateMany(new SeedRange(firstSeed ?? Noise.TorchGenerator.FreshSeed(), count), options, cancellationToken);
    }

    /// <summary>
    /// Generates any number of images, one per seed, a few at a time as they are asked for, so that memory does not grow with
    /// their number. No image depends on those around it.
    /// </summary>
    /// <param name="seeds">The seeds.</param>
    /// <param name="options">
    /// What all have in common; null for the defaults. <see cref="GenerateOptions.BatchSize"/> is how many are drawn at once (null
    /// chooses by their size), the class labels are used in turn, latents are one per seed. A seed or a generator cannot be given.
    /// </param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <returns>The images in the order of the seeds. Whoever stops asking stops the work.</returns>
    /// <exception cref="ArgumentException">An option is out of range or does not fit the others or the model: thrown at once, not at the first image.</exception>
    /// <exception cref="Denoising.NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IEnumerable<GeneratedImage> GenerateMany(
        IReadOnlyList<ulong> seeds, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        options ??= new();
        ThrowIfSeeded(options);
        if (options.BatchSize is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.BatchSize, "BatchSize must be at least 1.");
        }

        // As if there were an image for each label, which is checked then.
        var shape = SamplingRequest.For(Model, options with { BatchSize = Math.Max(1, options.ClassLabels?.Count ?? 1), Latents = default }).Shape.WithBatch(1);
        if (!options.Latents.IsEmpty && options.Latents.Length != (long)seeds.Count * shape.ImageLength)
        {
            throw new ArgumentException($"The latents have {options.Latents.Length} values; expected {(long)seeds.Count * shape.ImageLength}, {seeds.Count} images of shape {shape}.", nameof(options));
        }

        return Stream();

        IEnumerable<GeneratedImage> Stream()
        {
            var block = Math.Min(seeds.Count, options.BatchSize ?? AtOnce(shape.Height, shape.Width));
            for (var first = 0; first < seeds.Count; first += block)
            {
                var count = Math.Min(block, seeds.Count - first);
                var start = first;
                var result = Generate(
                    options with
                    {
                        BatchSize = count,
                        Seeds = [.. Enumerable.Range(start, count).Select(i => seeds[i])],
                        ClassLabels = options.ClassLabels is { Count: > 0 } labels ? [.. Enumerable.Range(start, count).Select(i => labels[i % labels.Count])] : null,
                        Latents = options.Latents.IsEmpty ? default : options.Latents.Slice(first * shape.ImageLength, count * shape.ImageLength),
                        Progress = PartOf(options.Progress, first, count, seeds.Count),
                    },
                    cancellationToken);
                foreach (var image in Images(result, first))
                {
                    yield return image;
                }
            }
        }
    }

    /// <summary>
    /// Edits any number of pictures of any sizes and by any edits, a few at a time as the results are asked for. Neighbours of one
    /// size and one edit are drawn together; no result depends on those around it.
    /// </summary>
    /// <param name="edits">The pictures, with what is to be done to each.</param>
    /// <param name="options">What all have in common; null for the defaults. Seeds, generator, latents and class labels cannot be given.</param>
    /// <param name="batchSize">How many are drawn at once; null chooses by their size.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <returns>The results in the order of the pictures. Whoever stops asking stops the work.</returns>
    /// <exception cref="ConsistencyModelsException">An edit is not for its picture.</exception>
    /// <exception cref="ArgumentException">An option is out of range or does not fit the others, a picture or the model.</exception>
    /// <exception cref="Denoising.NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IEnumerable<GeneratedImage> EditMany(
        IReadOnlyList<PictureEdit> edits, EditOptions? options = null, int? batchSize = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(edits);
        options ??= new();
        ThrowIfSeeded(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize ?? 1, 1, nameof(batchSize));
        if (!options.Latents.IsEmpty || options.ClassLabels is not null)
        {
            throw new ArgumentException("Latents and class labels are each picture's own in a stream of edits.", nameof(options));
        }

        return Stream();

        IEnumerable<GeneratedImage> Stream()
        {
            for (var first = 0; first < edits.Count;)
            {
                var part = Alike(edits, first, batchSize);
                var (values, shape) = Pictures.ToBatch([.. part.Select(one => Pictures.Enlarge(one.Image, one.Edit.Factor))], Config.InChannels);
                var size = new ImageSize(shape.Height, shape.Width);
                var measurement = part[0].Edit.MeasurementFor(size) is null ? null
                    : part.All(one => ReferenceEquals(one.Edit, part[0].Edit)) ? part[0].Edit.MeasurementFor(size)
                    : new PerImageMeasurement([.. part.Select(one => one.Edit.MeasurementFor(size)!)]);
                var own = options with
                {
                    Seeds = [.. part.Select(one => one.Seed)],
                    ClassLabels = part[0].ClassLabel is null ? null : [.. part.Select(one => one.ClassLabel!.Value)],
                    Progress = PartOf(options.Progress, first, part.Count, edits.Count),
                };
                var result = Draw(SamplingRequest.For(Model, part[0].Edit, measurement, values, shape, own), cancellationToken);
                foreach (var image in Images(result, first))
                {
                    yield return image;
                }

                first += part.Count;
            }
        }
    }

    /// <summary>The edits from one on that can be drawn in one batch.</summary>
    private static List<PictureEdit> Alike(IReadOnlyList<PictureEdit> edits, int first, int? batchSize)
    {
        var one = edits[first];
        var most = batchSize ?? AtOnce((double)one.Image.Height * one.Edit.Factor, (double)one.Image.Width * one.Edit.Factor);
        return
        [
            .. edits.Skip(first).Take(most).TakeWhile(other =>
                (other.Image.Width, other.Image.Height, other.ClassLabel is null) == (one.Image.Width, one.Image.Height, one.ClassLabel is null)
                && (other.Edit.Sigma, other.Edit.AddsNoise, other.Edit.Factor, other.Edit.Steps) == (one.Edit.Sigma, one.Edit.AddsNoise, one.Edit.Factor, one.Edit.Steps)),
        ];
    }

    private static int AtOnce(double height, double width) => (int)Math.Max(1, PixelsAtOnce / (height * width));

    private static IEnumerable<GeneratedImage> Images(GenerateResult result, int first)
    {
        var shape = result.Shape.WithBatch(1);
        for (var i = 0; i < result.Shape.Batch; i++)
        {
            var image = new GeneratedImage(first + i, result.Seeds[i], result.ClassLabels?[i], shape);
            yield return result.OutputType == OutputType.Images
                ? image with { Image = result.Images[i] }
                : image with { Values = result.Values[(i * shape.Length)..((i + 1) * shape.Length)] };
        }
    }

    private static void ThrowIfSeeded(DrawingOptions options)
    {
        if (options.Seed is not null || options.Seeds is not null || options.Generator is not null)
        {
            throw new ArgumentException("Every image of a stream has a seed of its own; Seed, Seeds and Generator cannot be given.", nameof(options));
        }
    }

    private static BlockProgress? PartOf(IProgress<SamplingProgress>? whole, int first, int count, int total) =>
        whole is null ? null : new(whole, first, count, total);

    /// <summary>Progress of a block as progress of the whole stream, on the thread that makes it.</summary>
    private sealed class BlockProgress(IProgress<SamplingProgress> whole, int first, int count, int total) : IProgress<SamplingProgress>
    {
        // A stream's calls are counted by images, since its blocks differ in size.
        public void Report(SamplingProgress value) => whole.Report(new(
            (int)(((long)first * value.Total) + ((long)count * value.Done)), (int)Math.Min(int.MaxValue, (long)total * value.Total)));
    }

    private sealed class SeedRange(ulong first, int count) : IReadOnlyList<ulong>
    {
        public int Count => count;

        public ulong this[int index] => unchecked(first + (ulong)index);

        public IEnumerator<ulong> GetEnumerator() => Enumerable.Range(0, count).Select(i => this[i]).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
