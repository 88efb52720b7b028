using System.Security.Cryptography;
using System.Text;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Pixels;
using ConsistencyModels.Training.Parallel;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Evaluation.Features;

/// <summary>
/// Takes the features of a set of pictures, a batch at a time; the next batch is read and prepared while the network computes. Batches begin at
/// multiples of their size, so that an image is computed beside the same others whatever the number of processes and wherever
/// an earlier run stopped: its features have the same bits.
/// </summary>
/// <param name="extractor">The network; borrowed.</param>
/// <param name="batch">Images that pass it at a time, at least 1.</param>
/// <example>
/// <code>
/// using var extractor = new ExtractorStore().Open("resnet18");
/// using var real = DataSetPictures.Open("pictures", new ImageDataSetOptions { Size = 32 });
/// using var drawn = DataSetPictures.Open("held-out", new ImageDataSetOptions { Size = 32 });
/// var extraction = new FeatureExtraction(extractor);
/// </code>
/// </example>
public sealed class FeatureExtraction(OnnxExtractor extractor, int batch = FeatureExtraction.DefaultBatch)
{
    /// <summary>Images at a time by default.</summary>
    public const int DefaultBatch = 64;

    private const int BatchesInBlock = 8;

    private readonly BlockLengths _lengths = new(extractor.FeatureLength, extractor.SpatialLength, extractor.LogitLength);

    /// <summary>Takes features.</summary>
    /// <param name="pictures">Of what.</param>
    /// <param name="folder">Where blocks of features are kept, and found again; with several processes one that all of them see. Null keeps nothing.</param>
    /// <param name="processes">The processes that share the work; null for this one alone.</param>
    /// <param name="progress">Told after every batch.</param>
    /// <param name="cancellationToken">Ends it; what is in blocks stays.</param>
    /// <returns>All features; null in other processes than the first.</returns>
    /// <exception cref="ConsistencyModelsException">A picture cannot be read, a feature is not finite, or the folder not written.</exception>
    public ExtractedFeatures? Run(
        IPictureSet pictures, string? folder = null, ICollective? processes = null, IProgress<ExtractionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        processes ??= new SingleProcess();
        if (processes.Count > 1 && folder is null)
        {
            throw new ArgumentException("Several processes need a folder that all of them see.", nameof(folder));
        }

        var size = BatchesInBlock * batch;
        var key = KeyOf(pictures);
        int[] starts = [.. Enumerable.Range(0, (pictures.Count + size - 1) / size).Select(i => i * size)];
        int Length(int first) => Math.Min(size, pictures.Count - first);
        if (folder is not null)
        {
            Make(folder);
        }

        var blocks = new Dictionary<int, FeatureBlock>();
        int[] mine = [.. starts.Where((_, i) => i % processes.Count == processes.Rank)];
        var (done, total) = (0, mine.Sum(Length));
        foreach (var first in mine)
        {
            var count = Length(first);
            var block = folder is null ? null : FeatureBlock.Read(folder, first, count, _lengths, key);
            if (block is null)
            {
                var before = done;
                block = Compute(pictures, first, count, so => progress?.Report(new(before + so, total)), cancellationToken);
                if (folder is not null)
                {
                    block.Write(folder, first, count, key);
                }
            }

            done += count;
            progress?.Report(new(done, total));
            blocks[first] = block;
        }

        // Every process is here once all blocks are written.
        processes.Sum(new float[1]);
        return processes.Rank > 0 ? null
            : FeatureBlock.Join([.. starts.Select(first => blocks.GetValueOrDefault(first) ?? FeatureBlock.Read(folder!, first, Length(first), _lengths, key)
                ?? throw new ConsistencyModelsException($"{FeatureBlock.PathOf(folder!, first)}: is not there though another process has made it; expected a folder that all processes see"))], _lengths);
    }

    /// <summary>What blocks depend on.</summary>
    internal string KeyOf(IPictureSet pictures)
    {
        var manifest = extractor.Manifest;
        var text = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{pictures.Identity}|{extractor.Hash}|{manifest.Width}x{manifest.Height}x{manifest.Channels} {manifest.Resize} {manifest.Low:R} {manifest.High:R} {string.Join(' ', manifest.Mean)} {string.Join(' ', manifest.Deviation)} {manifest.Features} {manifest.Spatial} {manifest.Logits}|{batch}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private FeatureBlock Compute(IPictureSet pictures, int first, int count, Action<int> progress, CancellationToken cancellationToken)
    {
        var block = FeatureBlock.Empty(count, _lengths);
        using var source = pictures.Read(first, count, cancellationToken).GetEnumerator();
        float[] Next(int at) => extractor.Prepare(Take(source, Math.Min(batch, count - at)));
        var waiting = Task.Run(() => Next(0), cancellationToken);
        for (var at = 0; at < count; at += batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var prepared = waiting.GetAwaiter().GetResult();
            var (images, after) = (Math.Min(batch, count - at), at + batch);
            waiting = after < count ? Task.Run(() => Next(after), cancellationToken) : Task.FromResult<float[]>([]);
            using var outputs = extractor.RunSession(prepared, images);
            var output = 0;
            foreach (var (values, length) in ((float[], int)[])[(block.Features, _lengths.Features), (block.Spatial, _lengths.Spatial), (block.Logits, _lengths.Logits)])
            {
                if (length > 0)
                {
                    Copy(outputs[output++], values.AsSpan(at * length, images * length), pictures, first + at, length);
                }
            }

            progress(at + images);
        }

        return block;
    }

    private static void Copy(OrtValue from, Span<float> to, IPictureSet pictures, int first, int length)
    {
        var values = from.GetTensorDataAsSpan<float>();
        if (values.Length != to.Length)
        {
            throw new ConsistencyModelsException($"the extractor gives {values.Length} numbers for {to.Length / length} images, expected {to.Length}: its batch is not open");
        }

        values.CopyTo(to);
        var wrong = to.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (wrong >= 0)
        {
            throw new ConsistencyModelsException($"{pictures.Name}: the features of image {first + (wrong / length)} are not finite (NaN or infinite)");
        }
    }

    private static List<ImageBuffer> Take(IEnumerator<ImageBuffer> source, int count)
    {
        List<ImageBuffer> taken = new(count);
        while (taken.Count < count && source.MoveNext())
        {
            taken.Add(source.Current);
        }

        return taken.Count == count ? taken : throw new InvalidOperationException($"A set of pictures ended {count - taken.Count} early.");
    }

    private static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{folder}: cannot be made: {Printable.Line(e.Message)}", e);
        }
    }
}
