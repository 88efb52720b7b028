namespace ConsistencyModels.Bench;

/// <summary>Finds files of the repository this program was built in.</summary>
internal static class Repository
{
    public static string Path(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "ConsistencyModels.slnx")))
            {
                return System.IO.Path.Combine([folder.FullName, .. parts]);
            }
        }

        throw new InvalidOperationException("Run this program from the repository it was built in.");
    }
}
