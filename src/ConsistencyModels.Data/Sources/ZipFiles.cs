using System.Globalization;
using System.IO.Compression;
using ConsistencyModels.Files;

namespace ConsistencyModels.Data.Sources;

/// <summary>.zip archives from outside, none of whose numbers is taken on trust.</summary>
internal static class ZipFiles
{
    /// <summary>Deflate makes at most 1032 bytes of one.</summary>
    private const int MostExpansion = 1032;

    /// <summary>What is said of an entry, or an archive, that asks for a password.</summary>
    public const string Encrypted = "is encrypted; expected an archive without a password.";

    public static ZipArchive Open(string file)
    {
        try
        {
            return ZipFile.OpenRead(file);
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw new ConsistencyModelsException($"{file}: cannot be opened as a .zip archive: {e.Message}", e);
        }
    }

    public static IReadOnlyList<ZipArchiveEntry> Entries(ZipArchive archive, string file, int maxEntries)
    {
        try
        {
            return archive.Entries.Count <= maxEntries ? archive.Entries : throw ImageSource.TooMany(file, maxEntries);
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw new ConsistencyModelsException($"{file}: the archive's directory is damaged: {e.Message}", e);
        }
    }

    /// <summary>An entry's path. A name with backslashes comes from an old Windows archiver; it means the same path.</summary>
    public static string PathOf(ZipArchiveEntry entry) => entry.FullName.Replace('\\', '/').TrimStart('/');

    /// <summary>An entry's length as the directory says, after it has been found to be possible.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="most">Most bytes it may have.</param>
    /// <param name="archive">Bytes of the whole archive: no entry takes more.</param>
    public static long LengthOf(ZipArchiveEntry entry, string name, long most, long archive)
    {
        if (entry.IsEncrypted)
        {
            throw new ConsistencyModelsException($"{name}: {Encrypted}");
        }

        long claimed = entry.Length;
        if (claimed > most)
        {
            throw new ConsistencyModelsException($"{name}: {claimed} bytes; at most {most} are accepted.");
        }

        if (claimed < 0 || entry.CompressedLength < 0 || entry.CompressedLength > archive || claimed / MostExpansion > entry.CompressedLength)
        {
            throw new ConsistencyModelsException($"{name}: the archive's directory says {claimed} bytes in {entry.CompressedLength} compressed ones, which cannot be.");
        }

        return claimed;
    }

    /// <summary>What .NET's reader throws at what is wrong in an archive: sizes that are negative or beyond the file come out as arguments.</summary>
    public static bool IsDamage(Exception e) =>
        e is IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException or ArgumentException or OverflowException;

    public static string IdentityOf(string file)
    {
        FileInfo info = LinkEnd.InfoOf(file);
        return string.Create(CultureInfo.InvariantCulture, $"{info.FullName} {info.Length} {info.LastWriteTimeUtc.Ticks}");
    }
}
