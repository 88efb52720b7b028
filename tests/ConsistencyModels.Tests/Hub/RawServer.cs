using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConsistencyModels.Tests.Hub;

/// <summary>An HTTP server on the loopback that does exactly what a test says, right or wrong: one answer a connection.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<RawRequest, RawAnswer> _answer;
    private long _sent;

    public RawServer(Func<RawRequest, RawAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    public Uri Address { get; }

    public ConcurrentQueue<RawRequest> Requests { get; } = new();

    /// <summary>Bytes of pieces sent so far, over all connections.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                var first = (await reader.ReadLineAsync(_stop.Token))!.Split(' ');
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
                {
                    var colon = line.IndexOf(':', StringComparison.Ordinal);
                    headers[line[..colon]] = line[(colon + 1)..].Trim();
                }

                var request = new RawRequest(first[0], first[1], headers);
                Requests.Enqueue(request);
                await WriteAsync(stream, request, _answer(request));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The client went away, or the test did.
            }
        }
    }

    private async Task WriteAsync(NetworkStream stream, RawRequest request, RawAnswer answer)
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} X\r\nConnection: close\r\n");
        head.Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.AnnouncedLength ?? answer.Body.Length}\r\n");
        foreach (var (name, value) in answer.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _stop.Token);
        if (request.Method == "HEAD")
        {
            return;
        }

        if (answer.PieceDelay is { } delay)
        {
            for (var i = 0; i < answer.Body.Length; i += answer.PieceSize)
            {
                var piece = answer.Body.AsMemory(i, Math.Min(answer.PieceSize, answer.Body.Length - i));
                await stream.WriteAsync(piece, _stop.Token);
                Interlocked.Add(ref _sent, piece.Length);
                await Task.Delay(delay, _stop.Token);
            }
        }
        else
        {
            await stream.WriteAsync(answer.Body.AsMemory(0, Math.Min(answer.DropAfter ?? int.MaxValue, answer.Body.Length)), _stop.Token);
        }
    }
}
