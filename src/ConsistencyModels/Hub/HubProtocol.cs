using System.Text.Json;

namespace ConsistencyModels.Hub;

/// <summary>The Hub's two questions: which files does a revision have, and what is behind one of them.</summary>
internal sealed class HubProtocol(HubHttp http, HubOptions options)
{
    private const int LongestListing = 8 << 20;

    /// <summary>The commit of a revision and the files it has.</summary>
    public async Task<(string Commit, IReadOnlyList<string> Files)> ListAsync(HubRepositoryId repository, string revision, CancellationToken cancellationToken)
    {
        var uri = new Uri($"{Base}/api/models/{repository}/revision/{Uri.EscapeDataString(revision)}");
        var (response, address) = await http.SendAsync(HttpMethod.Get, uri, null, stopAtForeign: false, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            HubAnswers.ThrowIfRefused(response, address, $"{repository}@{revision}", options.Token is not null);
            var json = await ReadBoundedAsync(response, repository, cancellationToken).ConfigureAwait(false);
            return Parse(json, repository);
        }
    }

    /// <summary>
    /// What is behind a file: a HEAD request, whose redirect to a storage host describes the file and is not followed. Some mirrors leave
    /// out the header that names the commit: it is the revision itself, or asked for with the list of files.
    /// </summary>
    public async Task<RemoteFile> ResolveAsync(HubRepositoryId repository, string revision, string file, CancellationToken cancellationToken)
    {
        var path = string.Join('/', HubNames.File(file).Select(Uri.EscapeDataString));
        var uri = new Uri($"{Base}/{repository}/resolve/{Uri.EscapeDataString(revision)}/{path}");
        var (response, address) = await http.SendAsync(HttpMethod.Head, uri, null, stopAtForeign: true, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            var name = $"{repository}/{file}";
            HubAnswers.ThrowIfRefused(response, address, name, options.Token is not null);
            var commit = Header(response, "X-Repo-Commit") ?? (HubNames.IsCommit(revision) ? revision : null);
            var etag = HubNames.ETag(Header(response, "X-Linked-Etag") ?? Header(response, "ETag"));
            var size = long.TryParse(Header(response, "X-Linked-Size"), out var linked) ? linked : (int)response.StatusCode < 300 ? response.Content.Headers.ContentLength : null;
            if (commit is null && etag is not null && size is not null)
            {
                (commit, _) = await ListAsync(repository, revision, cancellationToken).ConfigureAwait(false);
                return await ResolveAsync(repository, commit, file, cancellationToken).ConfigureAwait(false);
            }

            return commit is not null && HubNames.IsCommit(commit) && etag is not null && HubNames.IsHash(etag) && size is >= 0
                ? new RemoteFile(file, uri, etag, size.Value, commit)
                : throw new HubException($"{name}: the answer does not describe a file on the Hub (commit, ETag that is a hash, size): is {options.Endpoint} a Hub? ({HubHttp.Show(address)})");
        }
    }

    /// <summary>What is behind an address outside the Hub.</summary>
    public async Task<RemoteFile> DescribeAsync(Uri uri, string name, CancellationToken cancellationToken)
    {
        var (response, address) = await http.SendAsync(HttpMethod.Head, uri, null, stopAtForeign: false, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            HubAnswers.ThrowIfRefused(response, address, name, hasToken: false);
            return response.Content.Headers.ContentLength is { } size && HubNames.ETag(Header(response, "ETag")) is { } etag
                ? new RemoteFile(name, uri, etag, size, null)
                : throw new HubException($"{name}: the server tells neither size nor ETag ({HubHttp.Show(address)})");
        }
    }

    private string Base => options.Endpoint.AbsoluteUri.TrimEnd('/');

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private async Task<byte[]> ReadBoundedAsync(HttpResponseMessage response, HubRepositoryId repository, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(options.StallTimeout);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                using var content = new MemoryStream();
                var buffer = new byte[1 << 14];
                int count;
                while ((count = await stream.ReadAsync(buffer, stall.Token).ConfigureAwait(false)) > 0)
                {
                    content.Write(buffer, 0, count);
                    if (content.Length > LongestListing)
                    {
                        throw new HubException($"{repository}: its list of files has more than {LongestListing} bytes");
                    }
                }

                return content.ToArray();
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new HubException($"{repository}: its list of files did not come whole: {Printable.Line(e.Message)}", e);
        }
    }

    private static (string, IReadOnlyList<string>) Parse(byte[] json, HubRepositoryId repository)
    {
        try
        {
            using var document = Files.JsonFile.Parse(json);
            var root = document.RootElement;
            var commit = root.GetProperty("sha").GetString() ?? "";
            string[] files = [.. root.GetProperty("siblings").EnumerateArray().Select(file => file.GetProperty("rfilename").GetString() ?? "")];
            return HubNames.IsCommit(commit) ? (commit, files) : throw new HubException($"{repository}: its revision has no commit");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException($"{repository}: its list of files is not understood: {Printable.Line(e.Message)}", e);
        }
    }
}

/// <summary>What a server says about a file before it is downloaded.</summary>
/// <param name="Name">Its name, for messages and progress.</param>
/// <param name="Address">Where to get it.</param>
/// <param name="ETag">The name of its content, fit to be a file's name.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Commit">The commit it belongs to; null outside the Hub.</param>
internal sealed record RemoteFile(string Name, Uri Address, string ETag, long Size, string? Commit);
