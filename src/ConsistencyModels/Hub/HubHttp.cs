using System.Net;
using System.Net.Http.Headers;
using Polly;

namespace ConsistencyModels.Hub;

/// <summary>Requests with retries and redirects. The token goes to the endpoint's own scheme, host and port, and nowhere else.</summary>
internal sealed class HubHttp : IDisposable
{
    private const int MostRedirects = 10;
    private readonly HttpClient _client;
    private readonly HubOptions _options;
    private readonly ResiliencePipeline<HttpResponseMessage> _asking;
    private readonly ResiliencePipeline<HttpResponseMessage> _fetching;

    public HubHttp(HubOptions options)
    {
        _options = options;
        _asking = HubRetries.Pipeline(options, underWay: false);
        _fetching = HubRetries.Pipeline(options, underWay: true);
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None, // sizes and hashes are of what is stored
            UseCookies = false,
            ConnectTimeout = options.StallTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        };
        if (HubProxy.Read(Environment.GetEnvironmentVariable) is { } proxy)
        {
            sockets.Proxy = proxy;
        }

        _client = new HttpClient(sockets) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("ConsistencyModels", "0.1"));
    }

    /// <summary>Sends a request and follows redirects.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="uri">Where to.</param>
    /// <param name="range">The bytes asked for, or null.</param>
    /// <param name="stopAtForeign">Whether a redirect to another host is the answer: on the Hub it describes a large file.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The answer, whatever its status, and the address that gave it. The caller disposes it.</returns>
    /// <exception cref="HubException">The server cannot be reached, or redirects in circles or to an unsafe address.</exception>
    public async Task<(HttpResponseMessage Response, Uri Address)> SendAsync(
        HttpMethod method, Uri uri, RangeHeaderValue? range, bool stopAtForeign, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            var response = await SendOnceAsync(method, uri, range, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            {
                return (response, uri);
            }

            if (!Uri.TryCreate(uri, location, out var next))
            {
                response.Dispose();
                throw new HubException($"{Show(uri)}: it redirects to {Printable.Quote(location.OriginalString)}, which is no address");
            }

            if (stopAtForeign && !SameOrigin(next, uri))
            {
                return (response, uri);
            }

            response.Dispose();
            if (next.Scheme != Uri.UriSchemeHttps && next.Scheme != uri.Scheme)
            {
                throw new HubException($"{Show(uri)}: it redirects to {next.Scheme}, expected https");
            }

            uri = next;
        }

        throw new HubException($"{Show(uri)}: more than {MostRedirects} redirects");
    }

    /// <summary>An address for messages: without the query, which holds signatures.</summary>
    public static string Show(Uri uri) => Printable.Line(uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));

    public void Dispose() => _client.Dispose();

    private static bool SameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri uri, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        try
        {
            return await (range is null ? _asking : _fetching)
                .ExecuteAsync(async token => await AttemptAsync(method, uri, range, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (HubRetries.IsUnreachable(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new HubUnreachableException($"{Show(uri)}: cannot be reached: {Printable.Line(e.Message)}", e);
        }
    }

    // A request object can be sent once only.
    private async Task<HttpResponseMessage> AttemptAsync(HttpMethod method, Uri uri, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.Range = range;
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (_options.Token is { } token && SameOrigin(uri, _options.Endpoint))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
    }
}
