using System.Net;

namespace ConsistencyModels.Hub;

/// <summary>Turns refusals into messages that say what to do.</summary>
internal static class HubAnswers
{
    /// <summary>Throws unless the answer is a success or a redirect.</summary>
    public static void ThrowIfRefused(HttpResponseMessage response, Uri address, string what, bool hasToken)
    {
        var status = (int)response.StatusCode;
        if (status is >= 200 and < 400)
        {
            return;
        }

        var code = response.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.FirstOrDefault() : null;
        var reason = (response.StatusCode, code) switch
        {
            (_, "GatedRepo") => "its owner must grant you access: ask for it on the model's page, then set HF_TOKEN",
            (_, "EntryNotFound") => "the repository has no such file",
            (_, "RevisionNotFound") => "the repository has no such revision",
            (_, "RepoNotFound") => Private("there is no such repository, or it is private", hasToken),
            (HttpStatusCode.Unauthorized, _) => Private("access was denied (401): the repository may not exist or be private", hasToken),
            (HttpStatusCode.Forbidden, _) => Private("access is forbidden (403)", hasToken),
            (HttpStatusCode.NotFound, _) => "there is nothing at this address (404)",
            (HttpStatusCode.TooManyRequests, _) => "the server asks to come back later (429)",
            _ => $"the server answers with status {status}",
        };
        throw new HubException($"{what}: {reason} ({HubHttp.Show(address)})");
    }

    private static string Private(string reason, bool hasToken) =>
        $"{reason}; {(hasToken ? "the token that was sent does not open it" : "set HF_TOKEN if you have access")}";
}
