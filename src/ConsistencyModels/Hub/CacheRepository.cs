using ConsistencyModels.Files;

namespace ConsistencyModels.Hub;

/// <summary>
/// One repository in the cache, in huggingface_hub's layout: <c>blobs/ETAG</c> hold the bytes, <c>snapshots/COMMIT/FILE</c> are
/// relative links to them, <c>refs/BRANCH</c> hold commits. Names are checked by <see cref="HubNames"/> before they come here.
/// </summary>
internal sealed class CacheRepository(string cache, string name)
{
    private readonly string _folder = Path.Combine(cache, name);

    public string Blob(string etag) => Path.Combine(_folder, "blobs", etag);

    public string Incomplete(string etag) => Path.Combine(_folder, "blobs", etag + ".incomplete");

    public string Lock(string etag) => Path.Combine(cache, ".locks", name, etag + ".lock");

    public string Snapshot(string commit) => Path.Combine(_folder, "snapshots", commit);

    public string Pointer(string commit, string file) => Path.Combine([Snapshot(commit), .. HubNames.File(file)]);

    /// <summary>The commit a revision was at when it was last looked up; null if it never was.</summary>
    public string? Commit(string revision)
    {
        if (HubNames.IsCommit(revision))
        {
            return revision;
        }

        var path = Reference(revision);
        var text = File.Exists(path) && new FileInfo(path).Length <= 64 ? File.ReadAllText(path).Trim() : "";
        return HubNames.IsCommit(text) ? text : null;
    }

    /// <summary>Remembers the commit of a branch or tag.</summary>
    public void SetCommit(string revision, string commit)
    {
        if (revision != commit && Commit(revision) != commit)
        {
            var path = Reference(revision);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.WriteAllText(path, commit);
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
        if (File.Exists(pointer))
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
