using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Bench.Serving;

/// <summary>Ten thousand requests of clients that vanish, stall, send garbage and bombs, among some who mean it: no 5xx, flat memory, right pictures.</summary>
internal static class AbuseBench
{
    private const int Requests = 10_000;
    private const int AtOnce = 24;
    private const int GoodSeeds = 8;

    public static int Run(string[] args)
    {
        var (file, _) = Report.Arguments(args);
        RunAsync(file).GetAwaiter().GetResult();
        return 0;
    }

    private static async Task RunAsync(string? file)
    {
        await using var server = await BenchServer.StartAsync();
        byte[][] expected = new byte[GoodSeeds][];
        for (var seed = 0; seed < GoodSeeds; seed++)
        {
            expected[seed] = await BenchServer.Draw(server.Client, seed);
        }

        var statuses = new ConcurrentDictionary<string, int>();
        var (wrong, next) = (0, 0);
        List<long> memory = [Memory()];
        for (var part = 1; part <= 5; part++)
        {
            var end = Requests * part / 5;
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
            {
                for (int number; (number = Interlocked.Increment(ref next) - 1) < end;)
                {
                    var status = await Send(server.Client, number, expected, () => Interlocked.Increment(ref wrong));
                    statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
                }
            }));
            next = end;
            memory.Add(Memory());
        }

        var bad = statuses.Where(status => status.Key.StartsWith('5')).Sum(status => status.Value);
        new Report("Serving bad clients")
            .Line($"{Requests:N0} requests, {AtOnce} at once, of eleven kinds in turn: vanished in the middle of the headers, of the body and of the answer; stalled; garbage; random bytes as JSON; JSON 10,000 deep; bodies of 20 MB; picture bombs of 60,000 x 60,000; wrong content types; and requests that are right.\n")
            .Line($"| | |\n|---|---|")
            .Line($"| answers of 5xx | {bad} |")
            .Line($"| right requests with other bytes than alone | {wrong} |")
            .Line($"| answers | {string.Join(", ", statuses.OrderBy(status => status.Key, StringComparer.Ordinal).Select(status => $"{status.Key}: {status.Value}"))} |")
            .Line($"| managed memory before, and after each fifth | {string.Join(", ", memory.Select(bytes => FormattableString.Invariant($"{bytes / 1e6:F0}")))} MB |")
            .Publish(file);
    }

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: true);

    private static async Task<string> Send(HttpClient client, int number, byte[][] expected, Action wrong)
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
                    return await Post(client, "generate", "application/json", Encoding.ASCII.GetBytes(new string('[', 10_000)));
                case 7:
                    return await Post(client, "generate", "application/json", new byte[20_000_000]);
                case 8:
                    return await Post(client, "edit/stroke", "multipart/form-data; boundary=b", [.. "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n"u8, .. Bomb(), .. "\r\n--b--\r\n"u8]);
                case 9:
                    return await Post(client, "generate", "text/html", Random(number, 100));
                default:
                    var seed = number % GoodSeeds;
                    if (!(await BenchServer.Draw(client, seed)).AsSpan().SequenceEqual(expected[seed]))
                    {
                        wrong();
                    }

                    return "200";
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
