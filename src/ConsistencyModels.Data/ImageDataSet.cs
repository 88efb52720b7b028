using ConsistencyModels.Data.Sources;
using ConsistencyModels.Data.Storage;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data;

/// <summary>
/// The images of a data set of any format (<see cref="ImageDataSets.Open"/>), in memory or in a file of decoded data. Dispose it to close its
/// files.
/// </summary>
public sealed class ImageDataSet : IImageDataSet, IDisposable
{
    private readonly IPictureSource _source;
    private readonly ImageDataSetOptions _options;
    private readonly PictureDecoder _decoder;
    private readonly IRecords _records;
    private readonly int[] _kept;
    private readonly int[] _labels;

    internal ImageDataSet(
        IPictureSource source,
        ImageDataSetOptions options,
        PictureShape shape,
        PictureDecoder decoder,
        IRecords records,
        int[] kept,
        int[] labels,
        IReadOnlyList<string> classNames,
        IReadOnlyList<string> skipped,
        string fingerprint)
    {
        _source = source;
        _options = options;
        _decoder = decoder;
        _records = records;
        _kept = kept;
        _labels = labels;
        (Width, Height, Channels) = shape;
        ClassNames = classNames;
        Skipped = skipped;
        Fingerprint = fingerprint;
    }

    /// <inheritdoc/>
    public int Count => _kept.Length;

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<int> Labels => _labels;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Skipped { get; }

    /// <summary>What was left out before anything was read, and may be meant: kinds of files, links. A sentence each; users should see them.</summary>
    public IReadOnlyList<string> Notes => _source.Notes;

    /// <inheritdoc/>
    public bool IsRandom => _decoder.Kind != RecordKind.Image;

    /// <summary>Whether the decoded data are in a file rather than in memory.</summary>
    public bool IsOnDisk => _records is RecordFile;

    /// <summary>Where an image comes from: the path below the root of a folder or archive, else its number in its file.</summary>
    /// <param name="index">0 to Count - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no image of such an index.</exception>
    public string NameOf(int index)
    {
        Check(index, nameof(index));
        return _source.NameOf(_kept[index]);
    }

    /// <summary>A copy of one image as bytes; with random crops, the crop in the middle.</summary>
    /// <param name="index">0 to Count - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no image of such an index.</exception>
    /// <exception cref="ConsistencyModelsException">The picture, or the file of decoded data, can no longer be read.</exception>
    public ImageBuffer GetImage(int index)
    {
        Check(index, nameof(index));
        byte[] buffer = [];
        return _decoder.ToImage(_kept[index], _records.Read(_kept[index], ref buffer), draw: null);
    }

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">The picture, or the file of decoded data, can no longer be read.</exception>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips) =>
        Fill(indices, images, labels, flips, []);

    /// <inheritdoc/>
    /// <exception cref="ConsistencyModelsException">The picture, or the file of decoded data, can no longer be read.</exception>
    public void FillRandom(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips, ReadOnlySpan<long> draws)
    {
        if (IsRandom && draws.Length != indices.Length)
        {
            throw new ArgumentException($"{indices.Length} images need {indices.Length} numbers; the span has {draws.Length}.", nameof(draws));
        }

        Fill(indices, images, labels, flips, IsRandom ? draws : []);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _records.Dispose();
        _source.Dispose();
    }

    private void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips, ReadOnlySpan<long> draws)
    {
        int length = Channels * Height * Width;
        FillArguments.Check(indices, images.Length, length, labels, flips);
        for (int i = 0; i < indices.Length; i++)
        {
            Check(indices[i], nameof(indices));
            if (!labels.IsEmpty)
            {
                labels[i] = _labels[indices[i]];
            }
        }

        // A lambda may hold no spans: arguments are copied, and the batch is pinned for as long as all threads work on it.
        int[] pictures = [.. indices];
        bool[] mirrored = [.. flips];
        long[] numbers = [.. draws];
        unsafe
        {
            fixed (float* start = images)
            {
                float* batch = start;
                try
                {
                    Parallel.For(0, pictures.Length, new ParallelOptions { MaxDegreeOfParallelism = _options.ThreadCount }, () => Array.Empty<byte>(), (i, _, buffer) =>
                    {
                        Span<float> image = new(batch + ((long)i * length), length);
                        ReadOnlySpan<byte> record = _records.Read(_kept[pictures[i]], ref buffer);
                        ReadOnlySpan<byte> pixels = IsRandom ? _decoder.ToImage(_kept[pictures[i]], record, numbers.Length == 0 ? null : numbers[i]).Pixels : record;
                        FillArguments.ToPlanes(pixels, image, Channels, Width, mirrored.Length > 0 && mirrored[i]);
                        return buffer;
                    }, _ => { });
                }
                catch (AggregateException e) when (e.InnerExceptions.OfType<ConsistencyModelsException>().FirstOrDefault() is { } first)
                {
                    throw new ConsistencyModelsException(first.Message, e);
                }
            }
        }
    }

    private void Check(int index, string parameter)
    {
        if ((uint)index >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(parameter, index, $"The data set has {Count} images.");
        }
    }
}

/// <summary>What all data sets do with the arguments of a batch.</summary>
internal static class FillArguments
{
    private static readonly float[] ToFloat = [.. Enumerable.Range(0, 256).Select(v => (v / 127.5f) - 1f)];

    public static void Check(ReadOnlySpan<int> indices, int floats, int imageLength, ReadOnlySpan<int> labels, ReadOnlySpan<bool> flips)
    {
        if (floats != (long)indices.Length * imageLength)
        {
            throw new ArgumentException($"{indices.Length} images take {(long)indices.Length * imageLength} floats; the span has {floats}.", "images");
        }

        if (!labels.IsEmpty && labels.Length != indices.Length)
        {
            throw new ArgumentException($"{indices.Length} images have {indices.Length} labels; the span has {labels.Length}.", nameof(labels));
        }

        if (!flips.IsEmpty && flips.Length != indices.Length)
        {
            throw new ArgumentException($"{indices.Length} images need {indices.Length} flips; the span has {flips.Length}.", nameof(flips));
        }
    }

    /// <summary>Bytes [H, W, C] as floats [C, H, W], mirrored left to right if wanted.</summary>
    public static void ToPlanes(ReadOnlySpan<byte> pixels, Span<float> planes, int channels, int width, bool flip)
    {
        ReadOnlySpan<float> table = ToFloat;
        int plane = planes.Length / channels;
        for (int row = 0; row < plane; row += width)
        {
            ReadOnlySpan<byte> from = pixels.Slice(row * channels, width * channels);
            if (channels == 3)
            {
                Span<float> red = planes.Slice(row, width);
                Span<float> green = planes.Slice(plane + row, width);
                Span<float> blue = planes.Slice((2 * plane) + row, width);
                for (int x = 0, at = 0; x < red.Length && at + 2 < from.Length; x++, at += 3)
                {
                    red[x] = table[from[at]];
                    green[x] = table[from[at + 1]];
                    blue[x] = table[from[at + 2]];
                }
            }
            else
            {
                Span<float> gray = planes.Slice(row, width);
                for (int x = 0; x < gray.Length; x++)
                {
                    gray[x] = table[from[x]];
                }
            }

            for (int c = 0; flip && c < channels; c++)
            {
                planes.Slice((c * plane) + row, width).Reverse();
            }
        }
    }
}
