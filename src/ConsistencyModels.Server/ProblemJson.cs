using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace ConsistencyModels.Server;

/// <summary>Problems as application/problem+json has them (RFC 9457), with the field, what was found and what was expected.</summary>
internal static class ProblemJson
{
    /// <summary>The type of such a body.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>Writes one.</summary>
    public static void Write(Utf8JsonWriter json, ProblemException problem)
    {
        json.WriteStartObject();
        json.WriteString("type", "about:blank");
        json.WriteString("title", ReasonPhrases.GetReasonPhrase(problem.Status));
        json.WriteNumber("status", problem.Status);
        json.WriteString("detail", problem.Message);
        if (problem.Field is not null)
        {
            json.WriteString("field", problem.Field);
        }

        if (problem.Found is not null)
        {
            json.WriteString("found", problem.Found);
            json.WriteString("expected", problem.Expected);
        }

        json.WriteEndObject();
    }
}
