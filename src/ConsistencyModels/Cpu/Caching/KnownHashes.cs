using System.Globalization;
using ConsistencyModels.Files;

namespace ConsistencyModels.Cpu.Caching;

/// <summary>
/// Hashes of files' contents that were computed before, each in a small file whose name stands for the files' identities.
/// </summary>
/// <remarks>
/// A hash is remembered only if the files had been at rest for some seconds before they were read, and had the same
/// identity after. Whoever changes one later then gives it another time of change, however coarse the system's clock:
/// the trap of files rewritten within one tick, which git calls racy, is outside.
/// </remarks>
internal sealed class KnownHashes(string folder)
{
    private const int MostKept = 256;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    /// <summary>The hash of contents: remembered, or computed and then remembered.</summary>
    /// <param name="what">What of the files is hashed.</param>
    /// <param name="identity">The files' identities now; null if the system does not tell.</param>
    /// <param name="compute">Reads the files.</param>
    public UInt128 Get(string what, Func<IReadOnlyList<FileIdentity>?> identity, Func<UInt128> compute)
    {
        if (identity() is not { } before)
        {
            return compute();
        }

        var path = PathOf(what, before);
        if (Read(path) is { } known)
        {
            return known;
        }

        var start = DateTimeOffset.UtcNow;
        var hash = compute();
        if (before.All(file => file.Changed < start - Rest) && identity() is { } after && after.SequenceEqual(before))
        {
            Write(path, hash);
        }

        return hash;
    }

    /// <summary>Remembers a hash for files that nobody but the caller writes.</summary>
    public void Remember(string what, IReadOnlyList<FileIdentity> identity, UInt128 hash) => Write(PathOf(what, identity), hash);

    private string PathOf(string what, IReadOnlyList<FileIdentity> identity) =>
        Path.Combine(folder, TextHash.Name(TextHash.Of([what, .. identity.Select(file => TextHash.Name(file.Digest))])));

    private static UInt128? Read(string path)
    {
        try
        {
            return UInt128.TryParse(File.ReadAllText(path), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash) ? hash : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Write(string path, UInt128 hash)
    {
        try
        {
            PackedFiles.Prepare(Path.GetDirectoryName(folder)!);
            PackedFiles.Prepare(folder);
            AtomicFile.WriteAllText(path, TextHash.Name(hash));
            foreach (var old in new DirectoryInfo(folder).EnumerateFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(MostKept))
            {
                old.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ConsistencyModelsException)
        {
            // Then it is computed again.
        }
    }
}
