using System.Text.RegularExpressions;
using ConsistencyModels.Hub;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Reports;

/// <summary>A model that is on this machine, under the name that <c>--model</c> takes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Bytes">What it takes on the disk.</param>
internal sealed record StoredModel(string Name, string Folder, long Bytes);

/// <summary>The models on this machine: the bundled ones, what was downloaded, and the weights that the engine packed and kept.</summary>
internal sealed partial class StoredModels
{
    // huggingface_hub's names for the folders of its cache.
    private const string Prefix = "models--";
    private const string Slash = "--";
    private const string Snapshots = "snapshots";

    private StoredModels(IReadOnlyList<StoredModel> bundled, IReadOnlyList<StoredModel> downloaded, StoredModel? packed) =>
        (Bundled, Downloaded, Packed) = (bundled, downloaded, packed);

    /// <summary>The models that come with the program, that which is taken where none is named first; none where they are not beside it.</summary>
    public IReadOnlyList<StoredModel> Bundled { get; }

    /// <summary>What was downloaded, by name.</summary>
    public IReadOnlyList<StoredModel> Downloaded { get; }

    /// <summary>The packed weights of all large networks together; null where none are kept.</summary>
    public StoredModel? Packed { get; }

    /// <summary>What could be downloaded and is not here: openai's checkpoints.</summary>
    public IEnumerable<string> Downloadable => PublishedCheckpoints.Names.Where(name => !Downloaded.Any(model => model.Name == name));

    /// <summary>Looks.</summary>
    /// <param name="hub">Where downloads are.</param>
    /// <param name="packed">Where packed weights are; null where none are kept.</param>
    /// <param name="programFolder">Where the program is.</param>
    public static StoredModels Find(HubOptions hub, string? packed, string programFolder) => new(
        [.. BundledModel.Names(programFolder).Select(name => Stored(name, BundledModel.Find(programFolder, name)!))],
        [
            .. Folders(hub.CacheFolder).Where(folder => Path.GetFileName(folder).StartsWith(Prefix, StringComparison.Ordinal))
                .Select(folder => Stored(Path.GetFileName(folder)[Prefix.Length..].Replace(Slash, "/", StringComparison.Ordinal), folder))
                .Concat(Folders(hub.UrlCacheFolder).Where(folder => Directory.Exists(Path.Combine(folder, Snapshots))).Select(folder => Stored(NameOfFile(folder), folder)))
                .DistinctBy(model => model.Folder)
                .OrderBy(model => model.Name, StringComparer.Ordinal),
        ],
        packed is not null && Directory.Exists(packed) && PackedIn(packed) is { Length: > 0 } files ? new("packed weights", packed, files.Sum(file => file.Length)) : null);

    /// <summary>Removes one that was downloaded.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>What it was.</returns>
    /// <exception cref="ConsistencyModelsException">None is called so, or it cannot be removed.</exception>
    public StoredModel Remove(string name)
    {
        var model = Downloaded.FirstOrDefault(model => model.Name == name)
            ?? throw new ConsistencyModelsException(
                Bundled.Any(model => model.Name == name) ? $"{name}: comes with the program, and goes with it"
                : $"{name}: no such model was downloaded; {(Downloaded.Count == 0 ? "none was" : $"found {string.Join(", ", Downloaded.Select(found => found.Name))}")}");
        Delete(() => Directory.Delete(model.Folder, recursive: true), model.Folder);
        return model;
    }

    /// <summary>Removes all packed weights: they are made again where a network needs them.</summary>
    /// <returns>What was there; null if nothing was.</returns>
    /// <exception cref="ConsistencyModelsException">They cannot be removed.</exception>
    public StoredModel? RemovePacked()
    {
        foreach (var file in Packed is null ? [] : PackedIn(Packed.Folder))
        {
            Delete(file.Delete, file.FullName);
        }

        return Packed;
    }

    // Of a checkpoint by its address the cache knows the file's name.
    private static string NameOfFile(string folder)
    {
        var file = Directory.EnumerateFiles(Path.Combine(folder, Snapshots), "*", SearchOption.AllDirectories).Select(Path.GetFileName).FirstOrDefault();
        var stem = Path.GetFileNameWithoutExtension(file);
        return stem is not null && PublishedCheckpoints.Names.Contains(stem) ? stem : file ?? Path.GetFileName(folder);
    }

    private static IEnumerable<string> Folders(string folder) => Directory.Exists(folder) ? Directory.EnumerateDirectories(folder) : [];

    // Snapshots are links to the blobs, which are counted once.
    private static StoredModel Stored(string name, string folder) => new(name, folder, new DirectoryInfo(folder)
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Sum(file => file.Length));

    // The folder may be one that the user chose, with other things in it.
    private static FileInfo[] PackedIn(string folder) => [.. new DirectoryInfo(folder).EnumerateFiles().Where(file => PackedName().IsMatch(file.Name))];

    // A hash and the ending, the mark of its last use beside it, and a file that is being written.
    [GeneratedRegex(@"^\.?[0-9a-f]{4,}\.packed(\..*)?$")]
    private static partial Regex PackedName();

    private static void Delete(Action delete, string path)
    {
        try
        {
            delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be removed: {e.Message}", e);
        }
    }
}
