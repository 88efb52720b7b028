using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace ConsistencyModels.Cli.Tests.Processes;

/// <summary><c>cm serve</c> as a process: it serves, is told to stop, and ends well.</summary>
public sealed partial class ServeProcessTests
{
    [Fact]
    public async Task It_serves_until_it_is_told_to_stop_and_draws_what_it_has_begun()
    {
        using var process = CmProcess.Start("serve", "--port", "0");
        var address = await WhenReady(process);
        using var client = new HttpClient { BaseAddress = new(address), Timeout = TimeSpan.FromMinutes(5) };

        using var alone = new StringContent("""{"classes":"book","seed":7}""", null, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = alone };
        request.Headers.Add("Accept", "image/png");
        using var answer = await client.SendAsync(request, Cancellation);
        Assert.Equal("image/png", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("cm_server_pictures", await client.GetStringAsync("metrics", Cancellation), StringComparison.Ordinal);
        using var nothing = await client.GetAsync("none", Cancellation);
        Assert.Equal("application/problem+json", nothing.Content.Headers.ContentType?.MediaType);

        using var slow = new StringContent("""{"sampler":"euler","steps":100,"count":8,"seed":1}""", null, "application/json");
        var begun = client.PostAsync("v1/generate", slow, Cancellation);
        while (!(await client.GetStringAsync("metrics", Cancellation)).Split('\n').Any(line => line.StartsWith("cm_server_requests{", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal)) && !begun.IsCompleted)
        {
            await Task.Delay(20, Cancellation);
        }

        CmProcess.Signal(process, CmProcess.Terminate);
        using var drawn = await begun;
        Assert.Equal(HttpStatusCode.OK, drawn.StatusCode);
        var end = await CmProcess.Finish(process);
        Assert.Equal(0, end.Code);
    }

    [Theory]
    [InlineData("models/none", "none", "serve", "--port", "0", "--model", "models/none/of/this")]
    [InlineData("--host", "'nowhere'", "serve", "--host", "nowhere")]
    [InlineData("--head-dim", "cm convert", "serve", "--port", "0", "--head-dim", "64")]
    [InlineData("--api-keys", "missing.txt", "serve", "--port", "0", "--api-keys", "missing.txt")]
    [InlineData("ConsistencyModels:Limits:Requests", "found 0", "serve", "--port", "0", "--config", "CONFIG")]
    public async Task What_is_wrong_is_one_line(string one, string other, params string[] args)
    {
        using var folder = new TempFolder();
        var config = Path.Combine(folder.Path, "config.json");
        await File.WriteAllTextAsync(config, """{"ConsistencyModels":{"Limits":{"Requests":0}}}""", Cancellation);
        var result = await CmProcess.Run([.. args.Select(word => word == "CONFIG" ? config : word)]);
        Assert.Equal(2, result.Code);
        var line = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Contains(one, line, StringComparison.Ordinal);
        Assert.Contains(other, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_one_line()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var result = await CmProcess.Run("serve", "--port", port);
        Assert.Equal(2, result.Code);
        Assert.Contains(port, result.Error, StringComparison.Ordinal);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Waits until a server says where it is and that it is ready.</summary>
    /// <returns>Its address.</returns>
    internal static async Task<string> WhenReady(Process process)
    {
        var address = await Address(process);
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        while (await client.GetAsync($"{address}health/ready", Cancellation) is { StatusCode: not HttpStatusCode.OK })
        {
            await Task.Delay(20, Cancellation);
        }

        return address;
    }

    private static async Task<string> Address(Process process)
    {
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync(Cancellation) is { } line)
        {
            said.Add(line);
            if (Where().Match(line) is { Success: true } match)
            {
                return match.Value;
            }
        }

        throw new InvalidOperationException($"it ended: {string.Join('\n', said)}");
    }

    [GeneratedRegex("http://127.0.0.1:[0-9]+/")]
    private static partial Regex Where();
}
