using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ConsistencyModels.Pixels;
using ConsistencyModels.Server.Drawing;

namespace ConsistencyModels.Server.Jobs;

/// <summary>An event of a stream.</summary>
/// <param name="Id">From 1 on.</param>
/// <param name="Name">What it is.</param>
/// <param name="Data">One line of JSON.</param>
internal sealed record ServerEvent(int Id, string Name, string Data);

/// <summary>What happened to a request, for any number who listen, from the beginning or from the middle. Thread-safe.</summary>
internal sealed class EventLog(bool previews) : IDrawWatcher
{
    // Past it the pictures on the way are left out; the results never are.
    private const long MostPreviewBytes = 8 << 20;

    private readonly Lock _gate = new();
    private readonly List<ServerEvent> _events = [];
    private readonly TaskCompletionSource _queued = NewSignal();
    private TaskCompletionSource _changed = NewSignal();
    private bool _closed;
    private long _previewBytes;

    public bool WantsPreviews => previews && Volatile.Read(ref _previewBytes) < MostPreviewBytes;

    /// <summary>Completes when the request was let in.</summary>
    public Task WhenQueued => _queued.Task;

    /// <summary>Network calls done, and all of them.</summary>
    public (int Done, int Total) Calls { get; private set; }

    /// <summary>Whether drawing has begun.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Characters of all events.</summary>
    public long Length { get; private set; }

    public void Queued(string id, int ahead)
    {
        Add("queued", json =>
        {
            json.WriteString("id", id);
            json.WriteNumber("ahead", ahead);
        });
        _queued.TrySetResult();
    }

    public void Started(TimeSpan queued)
    {
        IsStarted = true;
        Add("started", json => json.WriteNumber("queued_ms", Math.Round(queued.TotalMilliseconds, 3)));
    }

    public void Progress(int done, int total)
    {
        Calls = (done, total);
        Add("progress", json =>
        {
            json.WriteNumber("done", done);
            json.WriteNumber("total", total);
            json.WriteNumber("fraction", (double)done / total);
        });
    }

    public void Step(int step, int steps, float sigma, IReadOnlyList<ImageBuffer> pictures) => Add("step", json =>
    {
        json.WriteNumber("step", step);
        json.WriteNumber("steps", steps);
        json.WriteNumber("sigma", sigma);
        json.WriteStartArray("images");
        for (var i = 0; i < pictures.Count; i++)
        {
            var bytes = EncodedPicture.Preview(pictures[i]);
            Interlocked.Add(ref _previewBytes, bytes.Length);
            json.WriteStartObject();
            json.WriteNumber("index", i);
            json.WriteString("media_type", "image/png");
            json.WriteBase64String("data", bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Adds the last event.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="write">Writes its object.</param>
    public void Close(string name, Action<Utf8JsonWriter> write) => Add(name, Text(write), last: true);

    /// <summary>The events after one, as they come, to the last.</summary>
    /// <param name="after">The number of the event before the first one.</param>
    /// <param name="patience">After so long without an event null is given, and it goes on.</param>
    /// <param name="cancellation">Ends the listening.</param>
    public async IAsyncEnumerable<ServerEvent?> FollowAsync(int after, TimeSpan patience, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var next = Math.Max(0, after); ;)
        {
            ServerEvent? one;
            Task changed;
            lock (_gate)
            {
                if (next >= _events.Count && _closed)
                {
                    yield break;
                }

                one = next < _events.Count ? _events[next] : null;
                changed = _changed.Task;
            }

            if (one is not null)
            {
                next++;
                yield return one;
                continue;
            }

            var silent = false;
            try
            {
                await changed.WaitAsync(patience, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                silent = true;
            }

            if (silent)
            {
                yield return null;
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static string Text(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void Add(string name, Action<Utf8JsonWriter> members) => Add(
        name,
        Text(json =>
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }),
        last: false);

    private void Add(string name, string data, bool last)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _events.Add(new(_events.Count + 1, name, data));
            Length += data.Length;
            _closed = last;
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }
}
