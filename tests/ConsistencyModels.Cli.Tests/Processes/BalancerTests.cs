using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary>Two servers behind nginx by deploy/nginx.conf, of which one is killed under load.</summary>
public sealed class BalancerTests
{
    private const int Clients = 6;
    private const int Requests = 120;
    private const int KilledAfter = 30;
    private const int Seeds = 10;

    private static readonly string[] Paths = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_lost_when_one_of_two_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "nginx is used on Linux only");
        if (Paths.FirstOrDefault(File.Exists) is not { } nginx)
        {
            const string Missing = "nginx: not found; apt-get install nginx-light";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Skip(Missing);
            return;
        }

        using var folder = new TempFolder();
        using var dies = CmProcess.Start("serve", "--port", "0");
        using var lives = CmProcess.Start("serve", "--port", "0");
        Process? balancer = null;
        try
        {
            var servers = new[] { new Uri(await ServeProcessTests.WhenReady(dies)), new Uri(await ServeProcessTests.WhenReady(lives)) };
            using var alone = new HttpClient { BaseAddress = servers[1], Timeout = TimeSpan.FromMinutes(5) };
            var expected = new byte[Seeds][];
            for (var seed = 0; seed < Seeds; seed++)
            {
                expected[seed] = await DrawAsync(alone, seed) ?? throw new InvalidOperationException("no answer");
            }

            var socket = Path.Combine(folder.Path, "nginx.sock");
            balancer = Start(nginx, folder.Path, Configuration(servers, socket));
            using var client = Through(socket);
            while (!File.Exists(socket) && !balancer.HasExited)
            {
                await Task.Delay(10, Cancellation);
            }

            Assert.False(balancer.HasExited, balancer.HasExited ? await balancer.StandardError.ReadToEndAsync(Cancellation) : "");
            var (next, done, again) = (0, 0, 0);
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
            {
                for (int number; (number = Interlocked.Increment(ref next)) <= Requests;)
                {
                    byte[]? picture;
                    while ((picture = await DrawAsync(client, number % Seeds, $"{number}")) is null)
                    {
                        Interlocked.Increment(ref again);
                    }

                    Assert.Equal(expected[number % Seeds], picture);
                    if (Interlocked.Increment(ref done) == KilledAfter)
                    {
                        CmProcess.Signal(dies, CmProcess.Kill);
                    }
                }
            }));
            Assert.Equal(Requests, done);
            Assert.InRange(again, 0, Clients);
        }
        finally
        {
            foreach (var process in new[] { dies, lives, balancer }.OfType<Process>())
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }

            balancer?.Dispose();
        }
    }

    /// <summary>The picture of a seed; null if the server went away in the middle.</summary>
    private static async Task<byte[]?> DrawAsync(HttpClient client, int seed, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = new StringContent($$"""{"seed":{{seed}},"steps":4}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("Accept", "image/png");
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        try
        {
            using var answer = await client.SendAsync(request, Cancellation);
            if (answer.StatusCode == HttpStatusCode.BadGateway)
            {
                return null;
            }

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return await answer.Content.ReadAsByteArrayAsync(Cancellation);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    // The file that is deployed, with the addresses of these servers, and nothing of nginx outside of a folder of its own.
    private static string Configuration(Uri[] servers, string socket)
    {
        var text = File.ReadAllText(RepositoryFiles.Path("deploy", "nginx.conf"));
        foreach (var (there, here) in new[]
        {
            ("127.0.0.1:8081", servers[0].Authority), ("127.0.0.1:8082", servers[1].Authority), ("listen 127.0.0.1:8080", $"listen unix:{socket}"),
            ("http {", "http {\n  access_log off;\n  client_body_temp_path body;\n  proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;"),
        })
        {
            Assert.Contains(there, text, StringComparison.Ordinal);
            text = text.Replace(there, here, StringComparison.Ordinal);
        }

        return text;
    }

    private static Process Start(string nginx, string folder, string configuration)
    {
        var file = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(file, configuration);
        return CmProcess.Launch(nginx, "-e", "stderr", "-p", folder, "-c", file, "-g", $"daemon off; worker_processes 1; pid nginx.pid;{(Environment.IsPrivilegedProcess ? " user root;" : "")}");
    }

    private static HttpClient Through(string socket) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
            return new NetworkStream(connection, ownsSocket: true);
        },
    })
    {
        BaseAddress = new("http://127.0.0.1/"),
        Timeout = TimeSpan.FromMinutes(5),
    };
}
