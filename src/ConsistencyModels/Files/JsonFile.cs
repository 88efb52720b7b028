using System.Text;
using System.Text.Json;

namespace ConsistencyModels.Files;

/// <summary>JSON from outside, of bounded length and with a bounded number of values: a file of commas would take a hundred times its size.</summary>
internal static class JsonFile
{
    /// <summary>Most bytes of a file: configurations have some kilobytes.</summary>
    public const int LongestFile = 16 << 20;

    private const int MostTokens = 1 << 20;
    private const int Deepest = 64;

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="ConsistencyModelsException">It is missing, cannot be read, or is too long.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);

            // The length is a hint only: devices and pipes have none. One byte more tells the end without another array.
            var length = file.CanSeek ? file.Length : 0;
            var bytes = new byte[length > LongestFile ? throw TooLong(path) : length > 0 ? (int)length + 1 : 1 << 12];
            for (var count = 0; ;)
            {
                var read = file.Read(bytes, count, bytes.Length - count);
                count += read;
                if (read == 0)
                {
                    return bytes[..count];
                }

                if (count > LongestFile)
                {
                    throw TooLong(path);
                }

                if (count == bytes.Length)
                {
                    Array.Resize(ref bytes, Math.Min(2 * count, LongestFile + 1));
                }
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConsistencyModelsException($"{path}: no such file, expected a JSON configuration.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Parses JSON; the caller disposes the document.</summary>
    /// <param name="json">UTF-8, or UTF-16 with a byte order mark.</param>
    /// <param name="allowDuplicates">Whether a key may be there twice; the last one wins then.</param>
    /// <exception cref="JsonException">It is not JSON, nested too deeply, or has too many values.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, bool allowDuplicates = true)
    {
        var bytes = json.Span;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
        {
            json = json[3..];
        }
        else if (bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
        {
            json = Encoding.UTF8.GetBytes((bytes[0] == 0xff ? Encoding.Unicode : Encoding.BigEndianUnicode).GetString(bytes[2..]));
        }

        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = Deepest });
        for (var tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MostTokens)
            {
                throw new JsonException($"more than {MostTokens} values", null, null, null);
            }
        }

        return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Deepest, AllowDuplicateProperties = allowDuplicates });
    }

    private static ConsistencyModelsException TooLong(string path) => new($"{path}: has more than {LongestFile >> 20} MB, expected a JSON configuration.");
}
