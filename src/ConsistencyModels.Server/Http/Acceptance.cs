using ConsistencyModels.Imaging;
using ConsistencyModels.Server.Drawing;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ConsistencyModels.Server.Http;

/// <summary>How a result is to be told.</summary>
internal enum AnswerKind
{
    Json,
    Picture,
    Events,
}

/// <summary>What a client's Accept asks for.</summary>
/// <param name="Kind">How.</param>
/// <param name="Format">The format of a picture; null for any.</param>
internal readonly record struct Acceptance(AnswerKind Kind, ImageFormat? Format)
{
    /// <summary>Reads the header; the best that the server has counts.</summary>
    /// <exception cref="ProblemException">It has none of it (406).</exception>
    public static Acceptance Of(HttpRequest request)
    {
        if (request.Headers.Accept is not { Count: > 0 } header)
        {
            return new(AnswerKind.Json, null);
        }

        if (MediaTypeHeaderValue.TryParseList([.. header.OfType<string>()], out var types))
        {
            foreach (var type in types.OrderByDescending(type => type.Quality ?? 1).Where(type => type.Quality is not 0))
            {
                if (type.MatchesMediaType("application/json"))
                {
                    return new(AnswerKind.Json, null);
                }

                if (type.MatchesMediaType("text/event-stream"))
                {
                    return new(AnswerKind.Events, null);
                }

                foreach (var format in Enum.GetValues<ImageFormat>().Where(format => type.MatchesMediaType(DrawResult.MediaTypeOf(format))))
                {
                    return new(AnswerKind.Picture, type.MatchesAllSubTypes ? null : format);
                }
            }
        }

        throw ProblemException.Of("Accept", Printable.Quote(header.ToString()), "application/json, text/event-stream, image/png, image/jpeg or image/webp", 406);
    }
}
