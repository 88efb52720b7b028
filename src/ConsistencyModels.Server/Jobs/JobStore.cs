using ConsistencyModels.Server.Drawing;
using ConsistencyModels.Server.Requests;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Jobs;

/// <summary>The jobs of this process: those under way, and those that ended, within bounds of age, number and bytes.</summary>
internal sealed partial class JobStore(IOptions<ServerOptions> options, DrawService draw, TimeProvider time, ILogger<JobStore> logger)
{
    private readonly ServerLimits _limits = options.Value.Limits;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Job> _jobs = new(StringComparer.Ordinal);

    /// <summary>Jobs that are known.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>Begins one.</summary>
    /// <exception cref="ProblemException">It was not let in.</exception>
    public async Task<Job> StartAsync(DrawRequest request)
    {
        var job = await Job.StartAsync(draw, request, time, LogFailed).ConfigureAwait(false);
        lock (_gate)
        {
            Trim();
            _jobs.Add(job.Id, job);
        }

        return job;
    }

    /// <summary>The job of a number.</summary>
    /// <exception cref="ProblemException">There is none (404).</exception>
    public Job Find(string id)
    {
        lock (_gate)
        {
            Trim();
            return _jobs.GetValueOrDefault(id) ?? throw ProblemException.Of("id", Printable.Quote(id), "a job of this server that is not older than it keeps them", 404);
        }
    }

    /// <summary>Ends a job and forgets it.</summary>
    /// <exception cref="ProblemException">There is none (404).</exception>
    public void Remove(string id)
    {
        var job = Find(id);
        job.Cancel();
        lock (_gate)
        {
            _jobs.Remove(id);
        }
    }

    // Under the lock. The oldest go first; whoever still listens to one has its log.
    private void Trim()
    {
        var ended = _jobs.Values.Where(job => job.Ended is not null).OrderByDescending(job => job.Ended).ToArray();
        var (kept, bytes, oldest) = (0, 0L, time.GetUtcNow() - _limits.Kept);
        foreach (var job in ended)
        {
            kept++;
            bytes += job.Bytes;
            if (job.Ended < oldest || kept > _limits.KeptCount || bytes > _limits.KeptBytes)
            {
                _jobs.Remove(job.Id);
            }
        }
    }

    [LoggerMessage(10, LogLevel.Error, "A job failed by a mistake of the server")]
    private partial void LogFailed(Exception exception);
}
