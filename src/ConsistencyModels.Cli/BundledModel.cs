namespace ConsistencyModels.Cli;

/// <summary>The model that comes with the program.</summary>
internal static class BundledModel
{
    /// <summary>Its name, which is its folder's.</summary>
    public const string Name = "crawl-tiles-32";

    private const string Models = "models";
    private const string Index = "model_index.json";

    /// <summary>Its folder: beside the program, or in the repository the program was built in; null if it is in neither.</summary>
    /// <param name="start">Where to look first; then in every folder above.</param>
    public static string? Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, Models, Name);
            if (File.Exists(Path.Combine(candidate, Index)))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Its folder.</summary>
    /// <exception cref="ConsistencyModelsException">It is not there.</exception>
    public static string FindOrThrow() => Find(AppContext.BaseDirectory)
        ?? throw new ConsistencyModelsException($"the bundled model {Models}/{Name} is not beside the program; name a model with --model FOLDER");
}
