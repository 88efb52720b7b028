using System.Text.Json;
using ConsistencyModels.Server.Drawing;
using ConsistencyModels.Server.Requests;

namespace ConsistencyModels.Server.Jobs;

/// <summary>A request that is drawn apart from a connection.</summary>
internal sealed class Job : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();

    private Job(Operation operation, DateTimeOffset created, bool previews)
    {
        (Operation, Created, Log) = (operation, created, new(previews));
    }

    public string Id { get; } = Guid.CreateVersion7().ToString("N");

    public Operation Operation { get; }

    public DateTimeOffset Created { get; }

    /// <summary>What happened.</summary>
    public EventLog Log { get; }

    /// <summary>When it ended; null while it has not.</summary>
    public DateTimeOffset? Ended { get; private set; }

    /// <summary>What it made.</summary>
    public DrawResult? Result { get; private set; }

    /// <summary>Why it made nothing.</summary>
    public ProblemException? Problem { get; private set; }

    /// <summary>Where it stands.</summary>
    public string State => Ended is null ? (Log.IsStarted ? "running" : "queued") : Result is not null ? "done" : Problem is not null ? "failed" : "cancelled";

    /// <summary>Bytes that it keeps.</summary>
    public long Bytes => Log.Length + (Result?.Pictures.Sum(picture => (long)picture.Bytes.Length) ?? 0);

    /// <summary>Begins.</summary>
    /// <param name="draw">The service.</param>
    /// <param name="request">What to draw.</param>
    /// <param name="time">The clock.</param>
    /// <param name="failed">Told of our own mistakes.</param>
    /// <returns>The job, let in; its end is awaited elsewhere.</returns>
    /// <exception cref="ProblemException">It was not let in.</exception>
    public static async Task<Job> StartAsync(DrawService draw, DrawRequest request, TimeProvider time, Action<Exception> failed)
    {
        var job = new Job(request.Operation, time.GetUtcNow(), request.Previews);
        var end = job.RunAsync(draw, request, time, failed);
        await Task.WhenAny(job.Log.WhenQueued, end).ConfigureAwait(false);
        if (!job.Log.WhenQueued.IsCompleted && job.Problem is { } problem)
        {
            job.Dispose();
            throw problem;
        }

        return job;
    }

    /// <summary>Ends it at the next network call.</summary>
    public void Cancel() => _cancel.Cancel();

    public void Dispose() => _cancel.Dispose();

    /// <summary>Writes where it stands.</summary>
    public void Write(Utf8JsonWriter json)
    {
        var (done, total) = Log.Calls;
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("state", State);
        json.WriteString("operation", Fields.Path(Operation));
        json.WriteNumber("done", done);
        json.WriteNumber("total", total);
        json.WriteString("created", Created);
        if (Result is { } result)
        {
            json.WritePropertyName("result");
            result.Write(json);
        }

        if (Problem is { } problem)
        {
            json.WritePropertyName("error");
            ProblemJson.Write(json, problem);
        }

        json.WriteEndObject();
    }

    private async Task RunAsync(DrawService draw, DrawRequest request, TimeProvider time, Action<Exception> failed)
    {
        try
        {
            var result = await draw.DrawAsync(request, Log, _cancel.Token).ConfigureAwait(false);
            (Result, Ended) = (result, time.GetUtcNow());
            Log.Close("done", result.Write);
        }
        catch (OperationCanceledException)
        {
            Ended = time.GetUtcNow();
            Log.Close("cancelled", static json =>
            {
                json.WriteStartObject();
                json.WriteEndObject();
            });
        }
        catch (Exception e)
        {
            var problem = e as ProblemException;
            if (problem is null)
            {
                failed(e);
                problem = new ProblemException(500, "the server made a mistake; its log says more");
            }

            (Problem, Ended) = (problem, time.GetUtcNow());
            Log.Close("error", json => ProblemJson.Write(json, problem));
        }
    }
}
