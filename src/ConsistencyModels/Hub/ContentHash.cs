using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ConsistencyModels.Hub;

/// <summary>
/// Checks a file against the name the Hub gives it: its SHA-256 (large files) or its git blob SHA-1 (small ones), told apart by
/// their length. Any other name says nothing about the content. Bytes are taken as they arrive, not after the download.
/// </summary>
internal sealed class ContentHash : IDisposable
{
    private const int Sha256Digits = 64;
    private const int Sha1Digits = 40;

    private readonly IncrementalHash? _hash;
    private readonly string _expected;
    private readonly string _kind;

    public ContentHash(string etag, long size)
    {
        _expected = etag;
        var hex = etag.All(char.IsAsciiHexDigitLower);
        _kind = hex && etag.Length == Sha256Digits ? "sha256" : "git sha1";
        _hash = !hex ? null
            : etag.Length == Sha256Digits ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256)
            : etag.Length == Sha1Digits ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1)
            : null;
        if (etag.Length == Sha1Digits)
        {
            _hash?.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {size}\0")));
        }
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash?.AppendData(bytes);

    /// <summary>What is wrong, in words; null if all is well or nothing can be checked.</summary>
    public string? Problem()
    {
        if (_hash is null)
        {
            return null;
        }

        var found = Convert.ToHexStringLower(_hash.GetCurrentHash());
        return found == _expected ? null : $"its {_kind} is {found}, expected {_expected}";
    }

    public void Dispose() => _hash?.Dispose();
}
