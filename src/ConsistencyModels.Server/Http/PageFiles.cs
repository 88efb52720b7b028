using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ConsistencyModels.Server.Http;

/// <summary>The page's files, which are in the assembly: what may be asked for is a list, and nothing is looked up on disk.</summary>
internal sealed class PageFiles
{
    private const string Prefix = "Page/";
    private const string Index = "index.html";
    private const string Policy =
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly FrozenDictionary<string, Lazy<PageFile>> _files = typeof(PageFiles).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..], name => new Lazy<PageFile>(() => PageFile.Read(name)), StringComparer.Ordinal);

    /// <summary>Names of the files, below the prefix.</summary>
    public IEnumerable<string> Names => _files.Keys;

    /// <summary>The page itself, or the way to it where the slash is missing that its addresses need.</summary>
    public IResult Start(HttpContext context) =>
        context.Request.Path.Value is not { Length: > 0 } path || path.EndsWith('/') ? new FileResult(_files[Index].Value)
        : TypedResults.Redirect($"{context.Request.PathBase}{path}/");

    /// <summary>One of the files.</summary>
    public IResult File(string name) => new FileResult(_files[name].Value);

    private sealed record PageFile(string MediaType, EntityTagHeaderValue Tag, byte[] Bytes, byte[] Compressed)
    {
        public static PageFile Read(string resource)
        {
            using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream(resource)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"");
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            {
                gzip.Write(bytes);
            }

            return new(MediaTypeOf(resource), tag, bytes, packed.ToArray());
        }

        private static string MediaTypeOf(string name) => Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" or ".mjs" => "text/javascript; charset=utf-8",
            ".json" => "application/json",
            ".webmanifest" => "application/manifest+json",
            ".svg" => "image/svg+xml",
            ".png" => "image/png",
            ".webp" => "image/webp",
            ".ico" => "image/x-icon",
            ".woff2" => "font/woff2",
            _ => "text/plain; charset=utf-8",
        };
    }

    private sealed class FileResult(PageFile file) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var (request, response) = (httpContext.Request, httpContext.Response);
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers["Referrer-Policy"] = "no-referrer";
            response.Headers.CacheControl = "no-cache";
            response.Headers.ETag = file.Tag.ToString();
            response.Headers.Vary = "Accept-Encoding";
            if (request.GetTypedHeaders().IfNoneMatch.Any(tag => tag.Compare(file.Tag, useStrongComparison: false)))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            var packed = file.Compressed.Length < file.Bytes.Length && request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
            if (packed)
            {
                response.Headers.ContentEncoding = "gzip";
            }

            response.ContentType = file.MediaType;
            var bytes = packed ? file.Compressed : file.Bytes;
            response.ContentLength = bytes.Length;
            if (!HttpMethods.IsHead(request.Method))
            {
                await response.Body.WriteAsync(bytes, httpContext.RequestAborted).ConfigureAwait(false);
            }
        }
    }
}
