using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ConsistencyModels.Server.Batching;

namespace ConsistencyModels.Server;

/// <summary>What the server measures: instruments of the meter and spans of the source <see cref="Name"/>, for OpenTelemetry or anything that listens.</summary>
public sealed class ServerMetrics : IDisposable
{
    /// <summary>Name of the meter and of the source of spans.</summary>
    public const string Name = "ConsistencyModels.Server";

    private readonly Meter _meter;
    private readonly UpDownCounter<long> _requests;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _pictures;
    private readonly Histogram<double> _duration;
    private readonly Histogram<long> _batch;
    private readonly Histogram<double> _batchDuration;
    private readonly ConcurrentDictionary<string, NetworkBatcher> _loaded = new();

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">Makes the meter.</param>
    public ServerMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(Name);
        _requests = _meter.CreateUpDownCounter<long>("cm.server.requests", "{request}", "Requests in the server, drawn or waiting");
        _rejected = _meter.CreateCounter<long>("cm.server.rejected", "{request}", "Requests that were sent away, by status");
        _pictures = _meter.CreateCounter<long>("cm.server.pictures", "{picture}", "Pictures drawn");
        _duration = _meter.CreateHistogram("cm.server.request.duration", "s", "From a request that was let in to its result", advice: Buckets(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120));
        _batch = _meter.CreateHistogram("cm.server.batch.images", "{image}", "Images of a network call", advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });
        _batchDuration = _meter.CreateHistogram("cm.server.batch.duration", "s", "Time of a network call", advice: Buckets(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10));
        _meter.CreateObservableGauge("cm.server.queue.images", () => _loaded.Select(model => new Measurement<int>(model.Value.Waiting, new KeyValuePair<string, object?>("model", model.Key))), "{image}", "Images that wait for the network");
        _meter.CreateObservableGauge("cm.server.models.loaded", () => _loaded.Count, "{model}", "Models in memory");
    }

    /// <summary>Spans of requests.</summary>
    internal ActivitySource Spans { get; } = new(Name);

    /// <summary>Ends the spans; the meter is its factory's.</summary>
    public void Dispose() => Spans.Dispose();

    internal void Entered() => _requests.Add(1);

    internal void Left(string operation, string model, string outcome, int pictures, TimeSpan elapsed)
    {
        _requests.Add(-1);
        _duration.Record(elapsed.TotalSeconds, Tag("operation", operation), Tag("model", model), Tag("outcome", outcome));
        if (pictures > 0)
        {
            _pictures.Add(pictures, Tag("operation", operation), Tag("model", model));
        }
    }

    internal void Rejected(int status) => _rejected.Add(1, Tag("status", status));

    internal void Batch(string model, BatchReport report)
    {
        _batch.Record(report.Images, Tag("model", model));
        _batchDuration.Record(report.Elapsed.TotalSeconds, Tag("model", model));
    }

    internal void ModelLoaded(string model, NetworkBatcher batcher) => _loaded[model] = batcher;

    internal void ModelUnloaded(string model) => _loaded.TryRemove(model, out _);

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);

    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
