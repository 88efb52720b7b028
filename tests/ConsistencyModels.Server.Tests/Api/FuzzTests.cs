using System.Net;
using System.Net.Sockets;
using System.Text;
using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Work;
using Microsoft.Extensions.DependencyInjection;

namespace ConsistencyModels.Server.Tests.Api;

/// <summary>Damaged requests of a seeded generator: never a 5xx, never a picture for one that was not asked for, and afterwards all is as before.</summary>
public sealed class FuzzTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const int Tries = 600;

    private static readonly byte[] Tile = ImageEncoder.Encode(TestImages.Noise(32, 32, 3, 1));

    private readonly TestServer _server = fixture.Server;

    private static readonly (string Path, string Type, byte[] Body)[] Seeds =
    [
        ("generate", "application/json", Encoding.UTF8.GetBytes("""{"count":2,"classes":["book",1],"seeds":[1,"2"],"sampler":"multistep","steps":1,"format":"jpeg","quality":90,"previews":false}""")),
        ("generate", "application/json", Encoding.UTF8.GetBytes("""{"timesteps":[22,0],"width":32,"height":32,"scale":2,"sigma_max":null}""")),
        ("edit/inpaint", "application/json", Encoding.UTF8.GetBytes($$"""{"image":"data:image/png;base64,{{Convert.ToBase64String(Tile)}}","rect":[1,2,3,4],"steps":1}""")),
        ("edit/stroke", "multipart/form-data; boundary=bb", [.. "--bb\r\nContent-Disposition: form-data; name=\"steps\"\r\n\r\n1\r\n--bb\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"u8, .. Tile, .. "\r\n--bb--\r\n"u8]),
        ("inspect", "image/png", Tile),
    ];

    [Fact]
    public async Task A_damaged_body_is_the_clients_mistake()
    {
        var random = new Random(20261127);
        for (var i = 0; i < Tries; i++)
        {
            var (path, type, body) = Seeds[i % Seeds.Length];
            var damaged = Damage(body, random);
            using var content = new ByteArrayContent(damaged);
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var answer = await _server.Client.PostAsync($"v1/{path}", content);
            Assert.True((int)answer.StatusCode < 500, $"{i}: {answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}: {Convert.ToBase64String(damaged)}");
        }

        await NothingIsHeldAsync(_server);
    }

    [Fact]
    public async Task Half_a_request_holds_nothing()
    {
        for (var i = 0; i < 20; i++)
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(_server.Address.Host, _server.Address.Port);
            var text = $"POST /cm/v1/generate HTTP/1.1\r\nHost: {_server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"steps\":";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text[..^(i % 9)]));
        }

        await _server.DrawAsync("v1/generate", "{}");
        await NothingIsHeldAsync(_server);
    }

    [Fact]
    public async Task What_a_request_sends_too_much_of_is_not_kept()
    {
        await using var server = await TestServer.StartAsync(options => (options.Limits.BodyBytes, options.Limits.AllBodyBytes) = (100_000, 150_000));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            using var content = new StringContent("{" + new string(' ', i % 2 == 0 ? 90_000 : 200_000) + "}", Encoding.UTF8, "application/json");
            try
            {
                using var answer = await server.Client.PostAsync("v1/generate", content);
                return answer.StatusCode;
            }
            catch (HttpRequestException)
            {
                // Refused while it was still sending.
                return HttpStatusCode.RequestEntityTooLarge;
            }
        }));
        Assert.All(answers, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.TooManyRequests, $"{status}"));
        await NothingIsHeldAsync(server);
    }

    // A client that was cut off knows before the server has put everything away.
    private static async Task NothingIsHeldAsync(TestServer server)
    {
        var (budget, admission) = (server.Services.GetRequiredService<BodyBudget>(), server.Services.GetRequiredService<Admission>());
        while (budget.Bytes != 0 || admission.Requests != 0)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private static byte[] Damage(byte[] body, Random random)
    {
        List<byte> damaged = [.. body];
        for (var change = random.Next(1, 5); change > 0 && damaged.Count > 1; change--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(6))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged.RemoveRange(at, Math.Min(random.Next(1, 30), damaged.Count - at));
                    break;
                case 2:
                    damaged.InsertRange(at, damaged.Skip(random.Next(damaged.Count)).Take(random.Next(1, 30)).ToArray());
                    break;
                case 3:
                    damaged.RemoveRange(at, damaged.Count - at);
                    break;
                case 4:
                    damaged.InsertRange(at, Enumerable.Repeat((byte)"[{\"9-e"[random.Next(6)], random.Next(1, 80)));
                    break;
                default:
                    damaged[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. damaged];
    }
}
