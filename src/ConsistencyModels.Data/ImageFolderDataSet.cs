using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Data;

/// <summary>
/// The images of a folder or a .zip archive, decoded once into memory. Images come in ordinal order of their paths, so
/// a folder and an archive of the same files are the same data set, with the same fingerprint.
/// </summary>
public sealed class ImageFolderDataSet : IImageDataSet
{
    private static readonly float[] ToFloat = [.. Enumerable.Range(0, 256).Select(v => (v / 127.5f) - 1f)];

    private readonly PixelStore _pixels;
    private readonly int[] _labels;
    private readonly string[] _paths;

    private ImageFolderDataSet(
        ImageFolderOptions options, PixelStore pixels, string[] paths, int[] labels, IReadOnlyList<string> classNames, IReadOnlyList<string> skipped)
    {
        Channels = options.Channels;
        Height = options.Size;
        Width = options.Size;
        _pixels = pixels;
        _paths = paths;
        _labels = labels;
        ClassNames = classNames;
        Skipped = skipped;
        Fingerprint = ComputeFingerprint();
    }

    /// <inheritdoc/>
    public int Count => _labels.Length;

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

    /// <summary>The path of every image below the root, with forward slashes, in the order of the indices.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>One line for each image of a class that was left out: another size, or not readable.</summary>
    public IReadOnlyList<string> Skipped { get; }

    /// <summary>Reads and decodes all images.</summary>
    /// <param name="path">A directory, or a .zip file.</param>
    /// <param name="options">Size, classes and limits.</param>
    /// <param name="cancellation">Ends the decoding early.</param>
    /// <exception cref="ArgumentOutOfRangeException">Size is not positive or channels is neither 1 nor 3.</exception>
    /// <exception cref="ConsistencyModelsException">
    /// The path is missing or no archive, holds no images, a class of the map is empty, an image is damaged or too large,
    /// or the decoded images would exceed the memory budget.
    /// </exception>
    /// <exception cref="OperationCanceledException">The cancellation was requested.</exception>
    public static ImageFolderDataSet Open(string path, ImageFolderOptions options, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 1, nameof(options.Size));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Size, 8192, nameof(options.Size));
        if (options.Channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Channels, "A data set has 1 or 3 channels.");
        }

        using IImageSource source = ImageSource.Open(path, options);
        (int[] members, int[] labels, IReadOnlyList<string> classNames) = ClassAssignment.Assign(source, options.Classes);
        int imageLength = options.Size * options.Size * options.Channels;
        long needed = (long)members.Length * imageLength;
        if (needed > options.MemoryBudget)
        {
            throw new ConsistencyModelsException(
                $"{path}: {members.Length} images of {options.Size}x{options.Size}x{options.Channels} take {needed} bytes; the budget is {options.MemoryBudget}.");
        }

        PixelStore pixels = new(members.Length, imageLength);
        bool[] kept = new bool[members.Length];
        ConcurrentDictionary<int, string> skipped = new();
        DecodeAll(source, options, members, pixels, kept, skipped, cancellation);

        // Images left out make room for those behind them.
        int count = 0;
        for (int i = 0; i < members.Length; i++)
        {
            if (kept[i])
            {
                pixels[i].CopyTo(pixels[count]);
                labels[count] = labels[i];
                members[count++] = members[i];
            }
        }

        int[] keptLabels = labels[..count];
        string[] paths = [.. members[..count].Select(m => source.Paths[m])];
        classNames = ClassAssignment.Settle(path, classNames, keptLabels, options);
        string[] reasons = [.. skipped.OrderBy(s => s.Key).Select(s => s.Value)];
        return new ImageFolderDataSet(options, pixels, paths, keptLabels, classNames, reasons);
    }

    /// <inheritdoc/>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips)
    {
        int imageLength = Channels * Height * Width;
        if (images.Length != (long)indices.Length * imageLength)
        {
            throw new ArgumentException($"{indices.Length} images take {(long)indices.Length * imageLength} floats; the span has {images.Length}.", nameof(images));
        }

        if (!labels.IsEmpty && labels.Length != indices.Length)
        {
            throw new ArgumentException($"{indices.Length} images have {indices.Length} labels; the span has {labels.Length}.", nameof(labels));
        }

        if (!flips.IsEmpty && flips.Length != indices.Length)
        {
            throw new ArgumentException($"{indices.Length} images need {indices.Length} flips; the span has {flips.Length}.", nameof(flips));
        }

        for (int i = 0; i < indices.Length; i++)
        {
            int index = indices[i];
            if ((uint)index >= (uint)Count)
            {
                throw new ArgumentOutOfRangeException(nameof(indices), index, $"The data set has {Count} images.");
            }

            CopyOut(_pixels[index], images.Slice(i * imageLength, imageLength), !flips.IsEmpty && flips[i]);
            if (!labels.IsEmpty)
            {
                labels[i] = _labels[index];
            }
        }
    }

    /// <summary>A copy of one image as bytes.</summary>
    /// <param name="index">0 to Count - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no image of such an index.</exception>
    public ImageBuffer GetImage(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return new ImageBuffer(Width, Height, Channels, _pixels[index].ToArray());
    }

    private static void DecodeAll(
        IImageSource source,
        ImageFolderOptions options,
        int[] members,
        PixelStore pixels,
        bool[] kept,
        ConcurrentDictionary<int, string> skipped,
        CancellationToken cancellation)
    {
        DecodeOptions decode = new()
        {
            Channels = options.Channels,
            Background = options.Background,
            MaxPixels = options.MaxPixels,
            MaxFileBytes = options.MaxFileBytes,
        };
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        try
        {
            Parallel.For(0, members.Length, parallel, i =>
            {
                string name = $"{source.Name}/{source.Paths[members[i]]}";
                try
                {
                    ImageBuffer image = ImageDecoder.Decode(source.Read(members[i]), name, decode);
                    if (options.OnlySize && (image.Width != options.Size || image.Height != options.Size))
                    {
                        skipped[i] = $"{name}: {image.Width}x{image.Height}, not {options.Size}x{options.Size}.";
                        return;
                    }

                    ImageResize.CenterCrop(image, options.Size).Pixels.CopyTo(pixels[i]);
                    kept[i] = true;
                }
                catch (ConsistencyModelsException e) when (options.SkipUnreadable)
                {
                    skipped[i] = e.Message;
                }
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<ConsistencyModelsException>().FirstOrDefault() is { } first)
        {
            throw new ConsistencyModelsException(first.Message, e);
        }
    }

    private void CopyOut(ReadOnlySpan<byte> from, Span<float> to, bool flip)
    {
        int plane = Height * Width;
        for (int c = 0; c < Channels; c++)
        {
            for (int y = 0; y < Height; y++)
            {
                Span<float> row = to.Slice((c * plane) + (y * Width), Width);
                int at = (y * Width * Channels) + c;
                for (int x = 0; x < row.Length; x++, at += Channels)
                {
                    row[x] = ToFloat[from[at]];
                }

                if (flip)
                {
                    row.Reverse();
                }
            }
        }
    }

    private string ComputeFingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[4];

        // Lengths go before texts, so that no two lists of names give the same bytes.
        Append(hash, number, Channels);
        Append(hash, number, Height);
        Append(hash, number, Width);
        Append(hash, number, ClassNames.Count);
        foreach (string name in ClassNames)
        {
            byte[] text = Encoding.UTF8.GetBytes(name);
            Append(hash, number, text.Length);
            hash.AppendData(text);
        }

        for (int i = 0; i < Count; i++)
        {
            Append(hash, number, _labels[i]);
            hash.AppendData(_pixels[i]);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, Span<byte> buffer, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer, value);
        hash.AppendData(buffer);
    }
}
