using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Bench.Serving;

/// <summary>Bad clients, among some who mean it, in a process of their own: what they hold is not the server's.</summary>
internal static class Abusers
{
    /// <summary>What a right request with a wrong picture is counted as.</summary>
    public const string Wrong = "wrong";

    private const int GoodSeeds = 8;

    private static readonly byte[] Large = new byte[20_000_000];
    private static readonly byte[] Deep = Encoding.ASCII.GetBytes(new string('[', 10_000));

    /// <summary>Of each line it reads, two numbers, it makes the requests from the first to before the second, and counts what came of them.</summary>
    public static async Task<int> RunAsync(int port, int atOnce)
    {
        using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromMinutes(5) };
        byte[][] expected = new byte[GoodSeeds][];
        for (var seed = 0; seed < GoodSeeds; seed++)
        {
            expected[seed] = await BenchServer.Draw(client, seed);
        }

        while (await Console.In.ReadLineAsync() is { } line)
        {
            var (first, end) = (int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture), int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
            var statuses = new ConcurrentDictionary<string, int>();
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
            {
                for (int number; (number = Interlocked.Increment(ref first) - 1) < end;)
                {
                    statuses.AddOrUpdate(await Send(client, number, expected), 1, (_, count) => count + 1);
                }
            }));
            Console.WriteLine(string.Join(';', statuses.Select(status => $"{status.Key}:{status.Value}")));
        }

        return 0;
    }

    private static async Task<string> Send(HttpClient client, int number, byte[][] expected)
    {
        try
        {
            switch (number % 11)
            {
                case 0:
                    return await Raw(client, "POST /v1/generate HTTP/1.1\r\nHost: x\r\nContent-Ty", 0);
                case 1:
                    return await Raw(client, "POST /v1/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"steps\":", 0);
                case 2:
                    return await Raw(client, Whole("{\"steps\":3,\"count\":2}"), 5);
                case 3:
                    return await Raw(client, "POST /v1/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{", 40);
                case 4:
                    return await Raw(client, "\u0016\u0003\u0001 garbage\r\n\r\n", 5);
                case 5:
                    return await Post(client, "generate", "application/json", Random(number, 300));
                case 6:
                    return await Post(client, "generate", "application/json", Deep);
                case 7:
                    return await Post(client, "generate", "application/json", Large);
                case 8:
                    return await Post(client, "edit/stroke", "multipart/form-data; boundary=b", [.. "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n"u8, .. Bomb(), .. "\r\n--b--\r\n"u8]);
                case 9:
                    return await Post(client, "generate", "text/html", Random(number, 100));
                default:
                    var seed = number % GoodSeeds;
                    return (await BenchServer.Draw(client, seed)).AsSpan().SequenceEqual(expected[seed]) ? "200" : Wrong;
            }
        }
        catch (HttpRequestException e) when (e.StatusCode is null)
        {
            return "cut off";
        }
        catch (HttpRequestException e)
        {
            return $"{(int)e.StatusCode!}";
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return "cut off";
        }
    }

    private static string Whole(string json) => $"POST /v1/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}";

    /// <summary>Sends a text and goes away after a while without reading.</summary>
    private static async Task<string> Raw(HttpClient client, string text, int milliseconds)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(client.BaseAddress!.Host, client.BaseAddress.Port);
        socket.LingerState = new LingerOption(true, 0);
        await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));
        await Task.Delay(milliseconds);
        return "vanished";
    }

    private static async Task<string> Post(HttpClient client, string path, string type, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var answer = await client.PostAsync($"v1/{path}", content);
        return $"{(int)answer.StatusCode}";
    }

    private static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Bomb()
    {
        var png = ImageEncoder.Encode(new ImageBuffer(1, 1, 3));
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(16), 60_000);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(20), 60_000);
        return png;
    }
}
