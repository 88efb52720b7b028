using ConsistencyModels.Files;

namespace ConsistencyModels.Hub;

/// <summary>
/// One repository in the cache, in huggingface_hub's layout: <c>blobs/ETAG</c> hold the bytes, <c>snapshots/COMMIT/FILE</c> are
/// relative links to them, <c>refs/BRANCH</c> hold commits. Names are checked by <see cref="HubNames"/> before they come here.
/// </summary>
internal sealed class CacheRepository(string cache, string name)
{
    private readonly string _folder = Path.Combine(cache, name);

    /// <summary>The repository's folder.</summary>
    public string Folder => _folder;

    public string Blob(string etag) => Path.Combine(_folder, "blobs", etag);

    public string Incomplete(string etag) => Path.Combine(_folder, "blobs", etag + ".incomplete");

    public string Lock(string etag) => Path.Combine(cache, ".locks", name, etag + ".lock");

    public string Snapshot(string commit) => Path.Combine(_folder, "snapshots", commit);

    /// <summary>Whether a snapshot has a file, and not only a link to a blob that is gone.</summary>
    public bool Has(string commit, string file) => Links.LeadsToFile(Pointer(commit, file));

    /// <summary>The snapshots that are there, whatever is in them.</summary>
    public IEnumerable<string> Commits()
    {
        var snapshots = new DirectoryInfo(Path.Combine(_folder, "snapshots"));
        return snapshots.Exists ? snapshots.EnumerateDirectories().Select(folder => folder.Name).Where(HubNames.IsCommit) : [];
    }

    public string Pointer(string commit, string file) => Path.Combine([Snapshot(commit), .. HubNames.File(file)]);

    /// <summary>The commit a revision was at when it was last looked up; null if it never was.</summary>
    public string? Commit(string revision)
    {
        if (HubNames.IsCommit(revision))
        {
            return revision;
        }

        var path = Reference(revision);
        var text = File.Exists(path) && LinkEnd.InfoOf(path).Length <= 64 ? File.ReadAllText(path).Trim() : "";
        return HubNames.IsCommit(text) ? text : null;
    }

    /// <summary>Remembers the commit of a branch or tag, if the cache may be written: what was asked for is there all the same.</summary>
    public void SetCommit(string revision, string commit)
    {
        if (revision == commit || Commit(revision) == commit)
        {
            return;
        }

        var path = Reference(revision);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.WriteAllText(path, commit);
        }
        catch (Exception e) when (e is ConsistencyModelsException or IOException or UnauthorizedAccessException)
        {
            // It is asked for again next time.
        }
    }

    public void MakeBlobs() => Directory.CreateDirectory(Path.Combine(_folder, "blobs"));

    /// <summary>Makes a snapshot's file point to a blob.</summary>
    /// <returns>The file's path.</returns>
    public string Link(string commit, string file, string etag)
    {
        var pointer = Pointer(commit, file);
        var folder = Path.GetDirectoryName(pointer)!;
        Directory.CreateDirectory(folder);
        if (Links.LeadsToFile(pointer))
        {
            return pointer;
        }

        // To a temporary name and then over the old one, which may be a link to a blob that is gone.
        var temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            File.CreateSymbolicLink(temporary, Path.GetRelativePath(folder, Blob(etag)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && OperatingSystem.IsWindows())
        {
            // Windows asks for a privilege: a copy, as huggingface_hub makes.
            File.Copy(Blob(etag), temporary);
        }

        File.Move(temporary, pointer, overwrite: true);
        return pointer;
    }

    private string Reference(string revision) => Path.Combine([_folder, "refs", .. HubNames.Revision(revision)]);
}
