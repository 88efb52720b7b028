using System.Globalization;
using ConsistencyModels.Server.Jobs;
using Microsoft.AspNetCore.Http;

namespace ConsistencyModels.Server.Http;

/// <summary>Jobs: where they stand, what happens to them, what they made.</summary>
internal sealed class JobEndpoints(JobStore jobs)
{
    /// <summary>GET v1/jobs/{id}.</summary>
    public IResult Find(string id) => AnswerResult.Json(jobs.Find(id).Write);

    /// <summary>GET v1/jobs/{id}/events.</summary>
    public IResult Events(HttpContext context, string id)
    {
        var last = context.Request.Headers["Last-Event-ID"].ToString();
        var after = last.Length == 0 ? 0
            : int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw ProblemException.Of("Last-Event-ID", Printable.Quote(last), "the id of an event");
        return new EventStreamResult(jobs.Find(id).Log, after);
    }

    /// <summary>GET v1/jobs/{id}/images/{index}.</summary>
    public IResult Picture(string id, string index)
    {
        var job = jobs.Find(id);
        if (job.Result is not { } result)
        {
            throw ProblemException.Of("id", $"a job that is {job.State}", "one that is done", 404);
        }

        return int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < result.Pictures.Count
            ? new AnswerResult(new(StatusCodes.Status200OK, result.MediaType, result.Pictures[number].Bytes))
            : throw ProblemException.Of("index", Printable.Quote(index), $"0 to {result.Pictures.Count - 1}", 404);
    }

    /// <summary>DELETE v1/jobs/{id}.</summary>
    public IResult Remove(string id)
    {
        jobs.Remove(id);
        return TypedResults.NoContent();
    }
}
