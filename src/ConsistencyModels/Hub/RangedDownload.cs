using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace ConsistencyModels.Hub;

/// <summary>
/// Fetches a file in ranges, several at a time, and hands them on in order. What is on disk is therefore always a beginning of
/// the file, which is all a later run needs to go on, huggingface_hub's included; and it can be hashed as it arrives.
/// </summary>
internal sealed class RangedDownload(HubHttp http, HubOptions options, RemoteFile file)
{
    private const int Progressed = 64 << 10; // bytes that show that a connection works
    private const int Alive = 16 << 10; // bytes within StallTimeout

    // Where the last redirect led; signed addresses expire, so it is dropped on any failure.
    private volatile Uri? _resolved;

    /// <summary>Downloads the bytes from an offset to the end.</summary>
    /// <param name="offset">Bytes that are there already.</param>
    /// <param name="sink">Takes the bytes in order; never called twice at a time.</param>
    /// <param name="cancellationToken">Ends the download.</param>
    /// <exception cref="HubException">The server refuses, or keeps failing.</exception>
    /// <exception cref="RangesIgnoredException">The server always sends the whole file.</exception>
    public async Task RunAsync(long offset, Func<ReadOnlyMemory<byte>, ValueTask> sink, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pending = new Queue<Task<(byte[] Buffer, int Length)>>();
        try
        {
            // The first range alone: it shows whether the server knows ranges and where it redirects to.
            var next = Enqueue(pending, offset, stop.Token);
            while (pending.TryDequeue(out var task))
            {
                var (buffer, length) = await task.ConfigureAwait(false);
                while (next < file.Size && pending.Count < options.Parallel)
                {
                    next = Enqueue(pending, next, stop.Token);
                }

                await sink(buffer.AsMemory(0, length)).ConfigureAwait(false);
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(pending).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    /// <summary>Downloads the whole file in one stream, for servers that know no ranges.</summary>
    /// <param name="sink">Takes the bytes in order.</param>
    /// <param name="cancellationToken">Ends the download.</param>
    public async Task RunWholeAsync(Func<ReadOnlyMemory<byte>, ValueTask> sink, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Alive * 4);
        var left = file.Size;
        await ReadAsync(null, 0, file.Size, () => buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), async count =>
        {
            await sink(buffer.AsMemory(0, count)).ConfigureAwait(false);
            left -= count;
        }, cancellationToken).ConfigureAwait(false);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private long Enqueue(Queue<Task<(byte[], int)>> pending, long start, CancellationToken cancellationToken)
    {
        var length = (int)Math.Min(options.ChunkSize, file.Size - start);
        pending.Enqueue(FetchAsync(start, length, cancellationToken));
        return start + length;
    }

    private async Task<(byte[] Buffer, int Length)> FetchAsync(long start, int length, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var (got, failures) = (0, 0);
        while (got < length)
        {
            var before = got;
            try
            {
                var range = new RangeHeaderValue(start + got, start + length - 1);
                await ReadAsync(range, start + got, length - got, () => buffer.AsMemory(got, length - got), count =>
                {
                    got += count;
                    return ValueTask.CompletedTask;
                }, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or BrokenAnswerException && !cancellationToken.IsCancellationRequested)
            {
                // A connection that brought something does not count as failed: long downloads break now and then.
                failures = got - before >= Progressed ? 1 : failures + 1;
                if (failures > options.Retries)
                {
                    throw new HubException($"{file.Name}: the download keeps breaking off at byte {start + got}: {Printable.Line(e.Message)}", e);
                }

                _resolved = null;
                await Task.Delay(Pause(failures), cancellationToken).ConfigureAwait(false);
            }
        }

        return (buffer, length);
    }

    private async Task ReadAsync(
        RangeHeaderValue? range, long start, long length, Func<Memory<byte>> room, Func<int, ValueTask> take, CancellationToken cancellationToken)
    {
        var (response, address) = await http.SendAsync(HttpMethod.Get, _resolved ?? file.Address, range, stopAtForeign: false, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            if (_resolved is not null && response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized)
            {
                throw new BrokenAnswerException("the address it redirected to has expired");
            }

            HubAnswers.ThrowIfRefused(response, address, file.Name, hasToken: options.Token is not null);
            CheckRange(response, range, start, length);
            _resolved = address;
            using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            stall.CancelAfter(options.StallTimeout);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                for (long got = 0, counted = 0; got < length;)
                {
                    var count = await ReadOrStallAsync(stream, room(), stall, cancellationToken).ConfigureAwait(false);
                    if (count == 0)
                    {
                        throw new BrokenAnswerException($"the answer ended after {got} of {length} bytes");
                    }

                    await take(count).ConfigureAwait(false);
                    got += count;
                    if (got - counted >= Alive)
                    {
                        counted = got;
                        stall.CancelAfter(options.StallTimeout);
                    }
                }
            }
        }
    }

    private static async Task<int> ReadOrStallAsync(Stream stream, Memory<byte> room, CancellationTokenSource stall, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(room, stall.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BrokenAnswerException("the connection brings next to nothing", e);
        }
    }

    private void CheckRange(HttpResponseMessage response, RangeHeaderValue? range, long start, long length)
    {
        var headers = response.Content.Headers;
        if (range is not null && response.StatusCode != HttpStatusCode.PartialContent)
        {
            // A small file's only range is the whole of it.
            if (start != 0 || length != file.Size)
            {
                throw new RangesIgnoredException();
            }
        }
        else if (range is not null && (headers.ContentRange is not { } got || got.From != start || got.To != start + length - 1 || (got.Length is { } total && total != file.Size)))
        {
            throw new BrokenAnswerException($"the answer has bytes {headers.ContentRange?.ToString() ?? "of an unknown range"}, expected {start}-{start + length - 1}/{file.Size}");
        }

        if (headers.ContentLength is { } announced && announced != length)
        {
            throw new BrokenAnswerException($"the answer has {announced} bytes, expected {length}");
        }
    }

    private TimeSpan Pause(int failures)
    {
        var pause = options.RetryDelay * Math.Pow(2, Math.Min(failures - 1, 20)) * (0.5 + Random.Shared.NextDouble());
        return pause < options.LongestDelay ? pause : options.LongestDelay;
    }
}
