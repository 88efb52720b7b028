using System.Net;
using System.Text.Json.Serialization;

namespace ServedTiles;

/// <summary>
/// A client by hand, as large as it need be. It tries again after a moment where the server is full or a connection broke, under one
/// Idempotency-Key: what was drawn already is not drawn twice.
/// </summary>
internal sealed class TilesClient(HttpClient http)
{
    private const int MostTries = 8;

    /// <summary>Draws pictures.</summary>
    /// <exception cref="HttpRequestException">The server refused, with what it said, or could not be reached.</exception>
    public async Task<Drawn> GenerateAsync(GenerateRequest wanted, CancellationToken cancellation = default)
    {
        var key = Guid.NewGuid().ToString();
        for (var tries = 1; ; tries++)
        {
            TimeSpan wait;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "v1/generate") { Content = JsonContent.Create(wanted, ClientJson.Default.GenerateRequest) };
                request.Headers.Add("Idempotency-Key", key);
                using var answer = await http.SendAsync(request, cancellation);
                if (answer.IsSuccessStatusCode)
                {
                    return (await answer.Content.ReadFromJsonAsync(ClientJson.Default.Drawn, cancellation))!;
                }

                if (tries == MostTries || answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway))
                {
                    var problem = await answer.Content.ReadFromJsonAsync(ClientJson.Default.Problem, cancellation);
                    throw new HttpRequestException(problem?.Detail ?? "no answer", null, answer.StatusCode);
                }

                wait = answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(0.2);
            }
            catch (HttpRequestException e) when (e.StatusCode is null && tries < MostTries)
            {
                // The connection broke: another server, or the next one here, answers.
                wait = TimeSpan.FromSeconds(0.2 * tries);
            }

            await Task.Delay(wait, cancellation);
        }
    }
}

/// <summary>What to draw; null where the server chooses.</summary>
internal sealed record GenerateRequest
{
    public int? Count { get; init; }

    public IReadOnlyList<string>? Classes { get; init; }

    public ulong? Seed { get; init; }

    public int? Steps { get; init; }
}

/// <summary>What was drawn.</summary>
internal sealed record Drawn(string Model, IReadOnlyList<DrawnImage> Images);

/// <summary>One picture.</summary>
internal sealed record DrawnImage(int Index, ulong Seed, string? ClassName, byte[] Data);

/// <summary>What was wrong.</summary>
internal sealed record Problem(string? Detail, string? Field, string? Found, string? Expected);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerateRequest))]
[JsonSerializable(typeof(Drawn))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ClientJson : JsonSerializerContext;
