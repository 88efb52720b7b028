using System.Globalization;
using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Drawing;
using ConsistencyModels.Server.Jobs;
using ConsistencyModels.Server.Requests;
using ConsistencyModels.Server.Work;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsistencyModels.Server.Http;

/// <summary>Generating and editing, answered at once or as events, and as jobs.</summary>
internal sealed partial class DrawEndpoints(
    Fields fields, BodyBudget budget, DrawService draw, JobStore jobs, AnswerStore answers, Admission admission, ILogger<DrawEndpoints> logger)
{
    private readonly BodyReader _reader = new(fields);

    /// <summary>POST v1/generate, v1/edit/{kind}.</summary>
    public async Task<IResult> DrawAsync(HttpContext context, string path)
    {
        var wanted = Acceptance.Of(context.Request);
        using var share = budget.Open();
        var raw = await ReadAsync(context, path, share).ConfigureAwait(false);
        var request = WithFormat(DrawRequest.Of(raw), wanted);
        if (wanted.Kind == AnswerKind.Events)
        {
            return Stream(context, request);
        }

        var answer = await answers.GetAsync(
            KeyOf(context.Request),
            Access.ClientOf(context.Request),
            raw,
            $"{wanted}",
            async () => AnswerOf(await draw.DrawAsync(request, NoWatcher.Instance, context.RequestAborted).ConfigureAwait(false), wanted),
            context.RequestAborted).ConfigureAwait(false);
        return new AnswerResult(answer);
    }

    /// <summary>POST v1/jobs/generate, v1/jobs/edit/{kind}.</summary>
    public async Task<IResult> StartAsync(HttpContext context, string path)
    {
        using var share = budget.Open();
        var raw = await ReadAsync(context, path, share).ConfigureAwait(false);
        var request = DrawRequest.Of(raw);
        var root = context.Request.PathBase + context.Request.Path.Value![..^$"/{path}".Length];
        var answer = await answers.GetAsync(
            KeyOf(context.Request),
            Access.ClientOf(context.Request),
            raw,
            "job",
            async () =>
            {
                var job = await jobs.StartAsync(request).ConfigureAwait(false);
                return AnswerResult.JsonAnswer(
                    json =>
                    {
                        json.WriteStartObject();
                        json.WriteString("id", job.Id);
                        json.WriteString("state", "queued");
                        json.WriteEndObject();
                    },
                    StatusCodes.Status202Accepted,
                    [("Location", $"{root}/{job.Id}")]);
            },
            context.RequestAborted).ConfigureAwait(false);
        return new AnswerResult(answer);
    }

    private async Task<RawRequest> ReadAsync(HttpContext context, string path, BodyBudget.Share share)
    {
        admission.ThrowIfDraining();
        var operation = Fields.OfPath(path)
            ?? throw ProblemException.Of("kind", Printable.Quote(path), string.Join(", ", Enum.GetNames<Operation>().Skip(1).Select(name => name.ToLowerInvariant())), 404);
        return await _reader.ReadAsync(context.Request, operation, share, context.RequestAborted).ConfigureAwait(false);
    }

    private EventStreamResult Stream(HttpContext context, DrawRequest request)
    {
        // Whoever stops listening gives up.
        var log = new EventLog(request.Previews);
        _ = RunAsync(log, request, context.RequestAborted);
        return new EventStreamResult(log, 0);
    }

    private async Task RunAsync(EventLog log, DrawRequest request, CancellationToken cancellation)
    {
        try
        {
            var result = await draw.DrawAsync(request, log, cancellation).ConfigureAwait(false);
            log.Close("done", result.Write);
        }
        catch (ProblemException e)
        {
            log.Close("error", json => ProblemJson.Write(json, e));
        }
        catch (OperationCanceledException)
        {
            log.Close("error", json => ProblemJson.Write(json, new ProblemException(StatusCodes.Status400BadRequest, "cancelled")));
        }
        catch (Exception e)
        {
            LogMistake(e);
            log.Close("error", json => ProblemJson.Write(json, new ProblemException(StatusCodes.Status500InternalServerError, "the server made a mistake; its log says more")));
        }
    }

    private static DrawRequest WithFormat(DrawRequest request, Acceptance wanted)
    {
        if (wanted.Kind != AnswerKind.Picture)
        {
            return request;
        }

        var count = request.Operation == Operation.Interpolate ? request.Frames
            : request.Count ?? request.Seeds?.Length ?? (request.Operation == Operation.Variations ? DrawRequest.DefaultVariations : request.Operation == Operation.Generate ? request.Classes?.Length ?? 1 : 1);
        if (count != 1)
        {
            throw ProblemException.Of("count", count.ToString(CultureInfo.InvariantCulture), "1, where Accept asks for a picture");
        }

        return wanted.Format is { } format && request.Format is { } said && said != format
            ? throw ProblemException.Of("format", said.ToString().ToLowerInvariant(), $"{format.ToString().ToLowerInvariant()}, as Accept says", StatusCodes.Status406NotAcceptable)
            : request with { Format = request.Format ?? wanted.Format ?? ImageFormat.Png };
    }

    private static Answer AnswerOf(DrawResult result, Acceptance wanted)
    {
        if (wanted.Kind == AnswerKind.Json)
        {
            return AnswerResult.JsonAnswer(result.Write);
        }

        var picture = result.Pictures[0];
        List<(string, string)> headers = [("X-Seed", picture.Seed.ToString(CultureInfo.InvariantCulture))];
        if (picture.Label is { } label)
        {
            headers.Add(("X-Class", label.ToString(CultureInfo.InvariantCulture)));
        }

        return new(StatusCodes.Status200OK, result.MediaType, picture.Bytes, headers);
    }

    private static string? KeyOf(HttpRequest request) => request.Headers["Idempotency-Key"] is { Count: > 0 } key ? key.ToString() : null;

    [LoggerMessage(21, LogLevel.Error, "A stream failed by a mistake of the server")]
    private partial void LogMistake(Exception exception);
}
