using System.Collections.Concurrent;
using System.Globalization;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Data.Storage;

namespace ConsistencyModels.Data;

/// <summary>
/// Makes a data set of a source: pictures are read one after another, decoded by all threads, and kept in memory or in a file. At any time
/// no more pictures are under way than there are threads.
/// </summary>
internal sealed class DataSetBuilder
{
    private const int ReportEvery = 64;

    private readonly IPictureSource _source;
    private readonly ImageDataSetOptions _options;
    private readonly PictureShape _shape;
    private readonly PictureDecoder _decoder;
    private readonly IProgress<DecodeProgress>? _progress;
    private readonly CancellationToken _cancellation;

    private DataSetBuilder(IPictureSource source, ImageDataSetOptions options, IProgress<DecodeProgress>? progress, CancellationToken cancellation)
    {
        _source = source;
        _options = options;
        _shape = ShapeOf(source, options);
        _decoder = new PictureDecoder(source, options, _shape);
        _progress = progress;
        _cancellation = cancellation;
    }

    /// <summary>Makes the data set; it owns the source from then on.</summary>
    /// <exception cref="ConsistencyModelsException">The pictures are damaged, do not fit, or cannot be kept.</exception>
    public static ImageDataSet Build(
        IPictureSource source, ImageDataSetOptions options, IProgress<DecodeProgress>? progress, CancellationToken cancellation)
    {
        IRecords? records = null;
        try
        {
            DataSetBuilder builder = new(source, options, progress, cancellation);
            return builder.Build(ref records);
        }
        catch
        {
            records?.Dispose();
            source.Dispose();
            throw;
        }
    }

    private static PictureShape ShapeOf(IPictureSource source, ImageDataSetOptions options)
    {
        int channels = options.Channels ?? (source.Shape is { Channels: 1 } ? 1 : 3);
        if (options.Size is { } size)
        {
            return new(size, size, channels);
        }

        return source.Shape is { } shape && options.Crop != ImageCrop.Random
            ? shape with { Channels = channels }
            : throw new ConsistencyModelsException($"{source.Name}: the size of the images has to be given: the pictures may have any.");
    }

    private ImageDataSet Build(ref IRecords? records)
    {
        long needed = _decoder.RecordBytes;
        DecodedCache? cache = DecodedCache.Of(_options);
        byte[]? key = null;
        IReadOnlyList<string> skipped;

        // To look at pictures that stay where they are takes long and little room: what was seen is remembered however little it is.
        if (cache is not null && (needed > _options.MemoryBudget || _decoder.Kind == RecordKind.Seen))
        {
            key = Key();
            RecordFile file = cache.GetOrAdd(key, _source.Count, needed + ((long)_source.Count * RecordFile.EntryLength), DecodeAll, _cancellation);
            records = file;
            skipped = file.Skipped;
        }
        else if (needed <= _options.MemoryBudget)
        {
            MemoryRecords memory = new(_source.Count, needed);
            records = memory;
            skipped = DecodeAll(memory);
        }
        else
        {
            throw new ConsistencyModelsException(
                $"{_source.Name}: {_source.Count} images of {_shape.Width}x{_shape.Height}x{_shape.Channels} take {needed} bytes; the budget is {_options.MemoryBudget}.");
        }

        IRecords all = records;
        int[] kept = [.. Enumerable.Range(0, _source.Count).Where(all.Has)];
        int[] labels = [.. kept.Select(index => _source.Labels[index])];
        IReadOnlyList<string> names = ClassAssignment.Settle(_source, labels, _options.Crop == ImageCrop.None ? $" of {_shape.Width}x{_shape.Height}" : string.Empty);
        if (_options.Balance > 0)
        {
            int[] order = ClassBalance.Repeat(labels, _options.Balance, _options.MaxEntries, _source.Name);
            (kept, labels) = ([.. order.Select(i => kept[i])], [.. order.Select(i => labels[i])]);
        }

        string Fingerprint() => FingerprintOf(all, kept, labels, names);
        string fingerprint = key is null ? Fingerprint() : cache!.GetOrCompute(key, LabelKey(kept, labels, names), 64, Fingerprint);
        if (_decoder.Kind != RecordKind.Seen)
        {
            _source.Dispose(); // nothing more is read from it
        }

        return new(_source, _options, _shape, _decoder, records, kept, labels, names, skipped, fingerprint);
    }

    /// <summary>Decodes everything. What is left out comes back as a line each.</summary>
    private string[] DecodeAll(IRecordWriter writer)
    {
        ConcurrentDictionary<int, string> skipped = new();
        ConcurrentDictionary<int, ConsistencyModelsException> bad = new();
        int done = 0;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = _options.ThreadCount, CancellationToken = _cancellation };
        try
        {
            Parallel.ForEach(Partitioner.Create(_source.ReadAll(), EnumerablePartitionerOptions.NoBuffering), parallel, pending =>
            {
                string? reason;
                try
                {
                    if (_decoder.ToRecord(pending, out reason) is { } record)
                    {
                        writer.Append(pending.Index, record);
                    }
                }
                catch (ConsistencyModelsException e)
                {
                    // To the end also where it is an error: whoever mends the pictures wants to know how many there are.
                    reason = _options.SkipUnreadable ? e.Message : null;
                    if (!_options.SkipUnreadable)
                    {
                        bad[pending.Index] = e;
                    }
                }

                if (reason is not null)
                {
                    skipped[pending.Index] = reason;
                }

                if (Interlocked.Increment(ref done) is var now && (now % ReportEvery == 0 || now == _source.Count))
                {
                    _progress?.Report(new(now, _source.Count));
                }
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<ConsistencyModelsException>().FirstOrDefault() is { } first)
        {
            throw new ConsistencyModelsException(first.Message, e);
        }

        if (!bad.IsEmpty)
        {
            ConsistencyModelsException first = bad.MinBy(b => b.Key).Value;
            throw new ConsistencyModelsException(
                $"{first.Message} {bad.Count} of {_source.Count} pictures cannot be read; {nameof(ImageDataSetOptions.SkipUnreadable)} leaves them out (cm train: --skip-damaged).", first);
        }

        return [.. skipped.OrderBy(s => s.Key).Select(s => s.Value)];
    }

    /// <summary>Everything that the records depend on: the files, and how pictures are made of them.</summary>
    private byte[] Key()
    {
        using DataHash hash = new();
        hash.Add("records 1").Add(_decoder.Kind.ToString()).Add(_options.Crop.ToString());
        hash.Add(_shape.Width).Add(_shape.Height).Add(_shape.Channels).Add(_options.Background.ToString()).Add(_options.SkipUnreadable ? 1 : 0);
        hash.Add(_options.MaxPixels.ToString(CultureInfo.InvariantCulture)).Add(_options.MaxFileBytes.ToString(CultureInfo.InvariantCulture)).Add(_source.Count);
        foreach (string part in _source.Identity())
        {
            hash.Add(part);
        }

        return hash.Finish();
    }

    private static string LabelKey(int[] kept, int[] labels, IReadOnlyList<string> names)
    {
        using DataHash hash = new();
        foreach (string name in names)
        {
            hash.Add(name);
        }

        for (int i = 0; i < labels.Length; i++)
        {
            hash.Add(kept[i]).Add(labels[i]);
        }

        return Convert.ToHexStringLower(hash.Finish().AsSpan(0, 8));
    }

    private string FingerprintOf(IRecords records, int[] kept, int[] labels, IReadOnlyList<string> names)
    {
        using DataHash hash = new();
        if (_decoder.Kind != RecordKind.Image)
        {
            hash.Add(string.Create(CultureInfo.InvariantCulture, $"random crop {_options.MinCrop} {_options.MaxCrop}"));
        }

        hash.Add(_shape.Channels).Add(_shape.Height).Add(_shape.Width).Add(names.Count);
        foreach (string name in names)
        {
            hash.Add(name);
        }

        byte[] buffer = [];
        for (int i = 0; i < kept.Length; i++)
        {
            hash.Add(labels[i]).Add(records.Read(kept[i], ref buffer));
        }

        return Convert.ToHexStringLower(hash.Finish());
    }
}
