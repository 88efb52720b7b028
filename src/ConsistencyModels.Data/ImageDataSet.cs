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
        foreach (int index in indices)
        {
            Check(index, nameof(indices));
        }

        ImageBuffer[]? decoded = IsRandom ? Decode(indices, draws) : null;
        byte[] buffer = [];
        for (int i = 0; i < indices.Length; i++)
        {
            ReadOnlySpan<byte> pixels = decoded is null ? _records.Read(_kept[indices[i]], ref buffer) : decoded[i].Pixels;
            FillArguments.ToPlanes(pixels, images.Slice(i * length, length), Channels, Width, !flips.IsEmpty && flips[i]);
            if (!labels.IsEmpty)
            {
                labels[i] = _labels[indices[i]];
            }
        }
    }

    private ImageBuffer[] Decode(ReadOnlySpan<int> indices, ReadOnlySpan<long> draws)
    {
        ImageBuffer[] images = new ImageBuffer[indices.Length];
        int[] pictures = [.. indices];
        long[] numbers = [.. draws];
        try
        {
            Parallel.For(0, images.Length, new ParallelOptions { MaxDegreeOfParallelism = _options.ThreadCount }, i =>
            {
                byte[] buffer = [];
                int picture = _kept[pictures[i]];
                images[i] = _decoder.ToImage(picture, _records.Read(picture, ref buffer), numbers.Length == 0 ? null : numbers[i]);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<ConsistencyModelsException>().FirstOrDefault() is { } first)
        {
            throw new ConsistencyModelsException(first.Message, e);
        }

        return images;
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
        int height = planes.Length / channels / width;
        for (int c = 0; c < channels; c++)
        {
            for (int y = 0; y < height; y++)
            {
                Span<float> row = planes.Slice(((c * height) + y) * width, width);
                int at = (y * width * channels) + c;
                for (int x = 0; x < row.Length; x++, at += channels)
                {
                    row[x] = ToFloat[pixels[at]];
                }

                if (flip)
                {
                    row.Reverse();
                }
            }
        }
    }
}
