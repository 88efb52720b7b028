using System.Net.Sockets;
using System.Text;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>What a server holds after requests that came to nothing.</summary>
[Collection(nameof(Alone))]
public sealed class MemoryTests
{
    private const long Growth = 8 << 20;
    private const int Looks = 300;

    private static readonly byte[] Body = new byte[12_000_000];

    [Fact]
    public async Task Large_bodies_that_were_refused_or_broken_off_are_not_kept()
    {
        await using var server = await TestServer.StartAsync(options => options.Limits.BodyBytes = 10_000_000);
        await RoundAsync(server);
        var before = Live();
        for (var i = 0; i < 5; i++)
        {
            await RoundAsync(server);
        }

        var after = Live();
        for (var looks = 1; looks < Looks && after > before + Growth; looks++)
        {
            // Connections are put away in the background.
            await Task.Delay(100, TestContext.Current.CancellationToken);
            after = Live();
        }

        Assert.InRange(after, 1, before + Growth);
    }

    // Eight of 12 MB: half of them say so and are refused at once; the others say less, and break off within the bound.
    private static Task RoundAsync(TestServer server) => Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Address.Host, server.Address.Port);
        socket.LingerState = new(true, 0);
        var (said, sent) = i % 2 == 0 ? (Body.Length, Body.Length) : (9_000_000, 8_000_000);
        try
        {
            var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /cm/v1/generate HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {said}\r\n\r\n"));
            await stream.WriteAsync(Body.AsMemory(0, sent));
        }
        catch (IOException)
        {
            // The server closed it.
        }
    }));

    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
