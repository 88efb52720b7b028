using System.IO.Hashing;
using System.Text;

namespace ConsistencyModels.Cpu;

/// <summary>Hash of several texts, which cannot be confused by being cut elsewhere.</summary>
internal static class TextHash
{
    /// <summary>Hashes them in order.</summary>
    public static UInt128 Of(params ReadOnlySpan<string> texts)
    {
        var hash = new XxHash128();
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }

        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>A hash as it appears in file names.</summary>
    public static string Name(UInt128 hash) => hash.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
