namespace ConsistencyModels.Cli;

/// <summary>The models that come with the program, known by the names of their folders.</summary>
internal static class BundledModel
{
    /// <summary>The one that is taken where none is named.</summary>
    public const string Name = "crawl-tiles-32";

    private const string Models = "models";
    private const string Index = "model_index.json";

    /// <summary>Names of those that are here, <see cref="Name"/> first.</summary>
    /// <param name="start">Where to look first; then in every folder above.</param>
    public static IReadOnlyList<string> Names(string start)
    {
        var models = Find(start) is { } folder ? Path.GetDirectoryName(folder) : null;
        return models is null ? [] :
        [
            .. Directory.EnumerateDirectories(models).Where(folder => File.Exists(Path.Combine(folder, Index))).Select(folder => Path.GetFileName(folder)!)
                .OrderBy(name => name != Name).ThenBy(name => name, StringComparer.Ordinal),
        ];
    }

    /// <summary>A model's folder: beside the program, or in the repository the program was built in; null if it is in neither.</summary>
    /// <param name="start">Where to look first; then in every folder above.</param>
    /// <param name="name">Its name.</param>
    public static string? Find(string start, string name = Name)
    {
        // A path is none of ours, wherever it leads.
        if (name is "" or "." or ".." || Path.GetFileName(name) != name)
        {
            return null;
        }

        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, Models, name);
            if (File.Exists(Path.Combine(candidate, Index)))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>The folder of the one that is taken where none is named.</summary>
    /// <exception cref="ConsistencyModelsException">It is not there.</exception>
    public static string FindOrThrow() => Find(AppContext.BaseDirectory)
        ?? throw new ConsistencyModelsException($"the bundled model {Models}/{Name} is not beside the program; name a model with --model FOLDER");
}
