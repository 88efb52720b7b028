using System.Globalization;
using System.Net;

namespace ConsistencyModels.Hub;

/// <summary>
/// The proxies that environment variables name, as curl and Python's requests read them: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY,
/// in small letters first. .NET's own reading passes over schemes that it does not know, and asks the server directly.
/// </summary>
internal sealed class HubProxy : IWebProxy, ICredentials
{
    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly string[] _direct;

    private HubProxy(Uri? http, Uri? https, string[] direct)
    {
        _http = http;
        _https = https;
        _direct = direct;
    }

    /// <summary>The names and passwords in the proxies' own addresses.</summary>
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException();
    }

    /// <summary>Reads the variables.</summary>
    /// <param name="variable">Gives a variable's value.</param>
    /// <returns>Null where none names a proxy: the system may have one.</returns>
    /// <exception cref="HubException">A proxy has a scheme that is not understood.</exception>
    public static HubProxy? Read(Func<string, string?> variable)
    {
        Uri? Named(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (variable(name) is { Length: > 0 } value)
                {
                    return Parse(name, value);
                }
            }

            return null;
        }

        // Where a request's own headers become variables, HTTP_PROXY is not the user's.
        var all = Named("all_proxy", "ALL_PROXY");
        var http = (variable("GATEWAY_INTERFACE") is null ? Named("http_proxy", "HTTP_PROXY") : Named("http_proxy")) ?? all;
        var https = Named("https_proxy", "HTTPS_PROXY") ?? all;
        var direct = variable("no_proxy") ?? variable("NO_PROXY") ?? "";
        return http is null && https is null ? null
            : new HubProxy(http, https, direct.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    /// <summary>The proxy for an address; null for none.</summary>
    public Uri? GetProxy(Uri destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return destination.Scheme == Uri.UriSchemeHttps ? _https : _http;
    }

    /// <summary>Whether NO_PROXY names the host: itself, a domain it is in, a range of addresses, or "*".</summary>
    public bool IsBypassed(Uri host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return GetProxy(host) is null || Array.Exists(_direct, entry => Matches(entry, host));
    }

    /// <summary>What stands before the "@" of a proxy's address.</summary>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var proxy = new[] { _http, _https }.FirstOrDefault(proxy => proxy is not null && proxy.Host == uri.Host && proxy.Port == uri.Port && proxy.UserInfo.Length > 0);
        return proxy?.UserInfo.Split(':', 2) switch
        {
            [var user, var password] => new(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)),
            [var user] => new(Uri.UnescapeDataString(user), ""),
            _ => null,
        };
    }

    // Host names go to a SOCKS proxy unresolved: "h" asks for what is done anyway.
    private static Uri Parse(string name, string value)
    {
        var text = value.Contains("://", StringComparison.Ordinal) ? value : $"http://{value}";
        var end = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = text[..end].ToLowerInvariant() switch
        {
            "socks" or "socks5h" => "socks5",
            var other => other,
        };
        return scheme is "http" or "https" or "socks4" or "socks4a" or "socks5" && Uri.TryCreate(scheme + text[end..], UriKind.Absolute, out var uri) && uri.Host.Length > 0
            ? uri
            : throw new HubException($"{name} is not understood, expected an address such as http://host:3128 or socks5://host:1080"); // it may hold a password
    }

    private static bool Matches(string entry, Uri host)
    {
        if (entry == "*")
        {
            return true;
        }

        var name = host.DnsSafeHost;
        if (IPAddress.TryParse(name, out var address) && (IPNetwork.TryParse(entry, out var range) ? range.Contains(address) : IPAddress.TryParse(entry.Trim('[', ']'), out var one) && one.Equals(address)))
        {
            return true;
        }

        var colon = entry.LastIndexOf(':');
        if (colon > 0 && int.TryParse(entry[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            if (port != host.Port)
            {
                return false;
            }

            entry = entry[..colon];
        }

        entry = entry.TrimStart('*').TrimStart('.');
        return entry.Length > 0 && (name.Equals(entry, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + entry, StringComparison.OrdinalIgnoreCase));
    }
}
