using ConsistencyModels.Files;

namespace ConsistencyModels.Hub;

/// <summary>The environment variables of huggingface_hub (its constants.py), with its order of precedence.</summary>
internal static class HubEnvironment
{
    private const int LongestToken = 4096;

    public static HubOptions Read(Func<string, string?> variable)
    {
        string? Get(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (variable(name) is { Length: > 0 } value)
                {
                    return value;
                }
            }

            return null;
        }

        var folders = CacheFolders.Read(variable);
        var hub = folders.Hub ?? throw new HubException("there is no home folder to keep models in; set HF_HOME to a folder of yours");
        var token = CacheFolders.Named(variable, "HF_TOKEN_PATH") ?? (folders.HuggingFace is { } home ? Path.Combine(home, "token") : null);
        return new HubOptions
        {
            Endpoint = Endpoint(Get("HF_ENDPOINT") ?? "https://huggingface.co"),
            CacheFolder = hub,
            UrlCacheFolder = folders.Own ?? Path.Combine(hub, "urls"),
            Token = Clean(Get("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")) ?? (token is null ? null : TokenFile(token)),
            Offline = Get("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
        };
    }

    private static Uri Endpoint(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0
            ? uri
            : throw new HubException($"HF_ENDPOINT is '{text}', expected an address such as https://huggingface.co");

    private static string? TokenFile(string path)
    {
        try
        {
            return File.Exists(path) && LinkEnd.InfoOf(path).Length <= LongestToken ? Clean(File.ReadAllText(path)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // as without one: public models need none
        }
    }

    // A token is a header's value: line feeds around it come from editors, inside it nothing but printable ASCII.
    private static string? Clean(string? token)
    {
        token = token?.ReplaceLineEndings("").Trim();
        return string.IsNullOrEmpty(token) ? null
            : token.All(c => c is > ' ' and < '\x7f') ? token
            : throw new HubException("The Hub's token has characters that no token has; check HF_TOKEN");
    }
}
