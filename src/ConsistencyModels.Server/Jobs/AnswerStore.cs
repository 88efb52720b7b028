using ConsistencyModels.Server.Requests;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Jobs;

/// <summary>
/// Answers by the client's Idempotency-Key: the same request again, as after a connection that broke, gets the answer of the first, and
/// while that is being made waits for it. In this process only.
/// </summary>
internal sealed class AnswerStore(IOptions<ServerOptions> options, TimeProvider time)
{
    private const int LongestKey = 200;

    private readonly ServerLimits _limits = options.Value.Limits;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The answer under a key, made if there is none.</summary>
    /// <param name="key">The client's key; null makes it in any case.</param>
    /// <param name="client">Whose key it is.</param>
    /// <param name="raw">The request.</param>
    /// <param name="kind">What else the answer depends on.</param>
    /// <param name="make">Makes it; what it throws is not kept.</param>
    /// <param name="cancellation">Ends the waiting for another's.</param>
    /// <exception cref="ProblemException">The key was used for another request (422), or is none (400).</exception>
    public async Task<Answer> GetAsync(string? key, string client, RawRequest raw, string kind, Func<Task<Answer>> make, CancellationToken cancellation)
    {
        if (key is null)
        {
            return await make().ConfigureAwait(false);
        }

        if (key.Length is 0 or > LongestKey || !key.All(c => c is >= ' ' and <= '~'))
        {
            throw ProblemException.Of("Idempotency-Key", $"{key.Length} characters", $"1 to {LongestKey} printable ASCII characters");
        }

        key = $"{client} {key}";
        var hash = raw.Hash();
        while (true)
        {
            Entry? entry;
            TaskCompletionSource<Answer?>? mine = null;
            lock (_gate)
            {
                Trim();
                if (!_entries.TryGetValue(key, out entry))
                {
                    mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    entry = new(hash, kind, mine.Task);
                    _entries.Add(key, entry);
                }
            }

            if (!entry.Hash.AsSpan().SequenceEqual(hash) || entry.Kind != kind)
            {
                throw ProblemException.Of("Idempotency-Key", "a key that was used for another request", "a new key for each request", 422);
            }

            if (mine is not null)
            {
                return await MakeAsync(key, entry, mine, make).ConfigureAwait(false);
            }

            // Whoever makes it may give up: then the next one does.
            if (await entry.Answer.WaitAsync(cancellation).ConfigureAwait(false) is { } answer)
            {
                return answer;
            }
        }
    }

    private async Task<Answer> MakeAsync(string key, Entry entry, TaskCompletionSource<Answer?> mine, Func<Task<Answer>> make)
    {
        try
        {
            var answer = await make().ConfigureAwait(false);
            lock (_gate)
            {
                (entry.Made, entry.Bytes) = (time.GetUtcNow(), answer.Body.Length);
            }

            mine.SetResult(answer);
            return answer;
        }
        catch
        {
            lock (_gate)
            {
                _entries.Remove(key);
            }

            mine.SetResult(null);
            throw;
        }
    }

    // Under the lock.
    private void Trim()
    {
        var (kept, bytes, oldest) = (0, 0L, time.GetUtcNow() - _limits.Kept);
        foreach (var (key, entry) in _entries.Where(pair => pair.Value.Made is not null).OrderByDescending(pair => pair.Value.Made).ToArray())
        {
            kept++;
            bytes += entry.Bytes;
            if (entry.Made < oldest || kept > _limits.KeptCount || bytes > _limits.KeptBytes)
            {
                _entries.Remove(key);
            }
        }
    }

    private sealed class Entry(byte[] hash, string kind, Task<Answer?> answer)
    {
        public byte[] Hash => hash;

        public string Kind => kind;

        public Task<Answer?> Answer => answer;

        public DateTimeOffset? Made { get; set; }

        public long Bytes { get; set; }
    }
}

/// <summary>An answer, whole.</summary>
/// <param name="Status">Its status.</param>
/// <param name="MediaType">Its type.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="Headers">More headers.</param>
internal sealed record Answer(int Status, string MediaType, ReadOnlyMemory<byte> Body, params IReadOnlyList<(string Name, string Value)> Headers);
