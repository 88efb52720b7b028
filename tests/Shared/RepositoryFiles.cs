namespace ConsistencyModels.Testing;

/// <summary>Finds files of the repository from wherever the tests run.</summary>
internal static class RepositoryFiles
{
    private static readonly Lazy<string> Root = new(() =>
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "ConsistencyModels.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    });

    /// <summary>A path below the root.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root.Value, .. parts]);

    /// <summary>A path below tests/golden.</summary>
    public static string Golden(params string[] parts) => System.IO.Path.Combine([Root.Value, "tests", "golden", .. parts]);

    /// <summary>A path below models.</summary>
    public static string Model(params string[] parts) => System.IO.Path.Combine([Root.Value, "models", .. parts]);

    /// <summary>A path below src.</summary>
    public static string Source(params string[] parts) => System.IO.Path.Combine([Root.Value, "src", .. parts]);

    /// <summary>A path below tests/data.</summary>
    public static string Data(params string[] parts) => System.IO.Path.Combine([Root.Value, "tests", "data", .. parts]);
}
