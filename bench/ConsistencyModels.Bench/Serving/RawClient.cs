using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConsistencyModels.Bench.Serving;

/// <summary>
/// A client that asks for one PNG after the other over a connection that it keeps: HTTP/1.1 on a bare blocking socket, as a load tester
/// does it, so that what is measured is the server.
/// </summary>
internal sealed class RawClient : IDisposable
{
    private const int Digits = 9;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request;
    private readonly byte[] _answer = new byte[64 * 1024];

    public RawClient(int port)
    {
        _request = Encoding.ASCII.GetBytes(
            $"POST /v1/generate HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: image/png\r\nContent-Type: application/json\r\nContent-Length: {Digits + 9}\r\n\r\n{{\"seed\":{new string('1', Digits)}}}");
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Asks for the picture of a seed of nine digits and reads all of it.</summary>
    /// <exception cref="InvalidDataException">The answer is something else.</exception>
    public ReadOnlySpan<byte> Draw(int seed)
    {
        Utf8Formatter.TryFormat(seed, _request.AsSpan(^(Digits + 1)..^1), out _);
        for (var sent = 0; sent < _request.Length;)
        {
            sent += _socket.Send(_request.AsSpan(sent));
        }

        var (length, header, body) = (0, -1, 0);
        while (header < 0 || length < header + body)
        {
            var read = _socket.Receive(_answer.AsSpan(length));
            length += read > 0 ? read : throw new InvalidDataException("the server closed the connection");
            if (header < 0 && _answer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                (header, body) = (end + 4, ContentLength(_answer.AsSpan(0, end)));
            }
        }

        var file = _answer.AsSpan(header, body);
        return length == header + body && file.Length > 8 && file[^8..^4].SequenceEqual("IEND"u8)
            ? file
            : throw new InvalidDataException("the answer is no PNG");
    }

    public void Dispose() => _socket.Dispose();

    private static int ContentLength(ReadOnlySpan<byte> header)
    {
        var name = "Content-Length: "u8;
        var at = header.IndexOf(name);
        return header.StartsWith("HTTP/1.1 200 "u8) && at >= 0 && Utf8Parser.TryParse(header[(at + name.Length)..], out int length, out _)
            ? length
            : throw new InvalidDataException($"the server answered {Encoding.ASCII.GetString(header)}");
    }
}
