namespace ConsistencyModels.Data;

/// <summary>Decides which files of a source take part, and their labels.</summary>
internal static class ClassAssignment
{
    /// <summary>The indices of the files that take part, in order, their labels, and the class names.</summary>
    public static (int[] Members, int[] Labels, IReadOnlyList<string> Names) Assign(IImageSource source, ClassMap? map)
    {
        if (source.Paths.Count == 0)
        {
            throw new ConsistencyModelsException($"{source.Name}: holds no images (.png, .jpg, .jpeg, .webp, .gif, .bmp).");
        }

        return map is null ? ByDirectory(source) : ByMap(source, map);
    }

    /// <summary>
    /// Settles the class names once it is known which images are kept. A class of a map without images is an error: its
    /// label would never be trained. Directories without usable images are just no classes; labels are renumbered.
    /// </summary>
    public static IReadOnlyList<string> Settle(string path, IReadOnlyList<string> names, int[] labels, ImageFolderOptions options)
    {
        string filter = options.OnlySize ? $" of {options.Size}x{options.Size}" : string.Empty;
        if (labels.Length == 0)
        {
            throw new ConsistencyModelsException($"{path}: holds no usable images{filter}.");
        }

        int[] used = [.. labels.Distinct().Order()];
        if (used.Length == names.Count)
        {
            return names;
        }

        if (options.Classes is not null)
        {
            int empty = Enumerable.Range(0, names.Count).Except(used).First();
            throw new ConsistencyModelsException($"{path}: the class '{names[empty]}' has no images{filter}.");
        }

        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = Array.BinarySearch(used, labels[i]);
        }

        return [.. used.Select(u => names[u])];
    }

    private static (int[], int[], IReadOnlyList<string>) ByDirectory(IImageSource source)
    {
        string[] directories = [.. source.Paths.Select(DirectoryOf)];
        string[] names = [.. directories.Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            labels.Add(names[i], i);
        }

        return ([.. Enumerable.Range(0, directories.Length)], [.. directories.Select(d => labels[d])], names);
    }

    private static (int[], int[], IReadOnlyList<string>) ByMap(IImageSource source, ClassMap map)
    {
        List<int> members = [];
        List<int> labels = [];
        for (int i = 0; i < source.Paths.Count; i++)
        {
            if (map.TryGetLabel(source.Paths[i], out int label))
            {
                members.Add(i);
                labels.Add(label);
            }
        }

        return ([.. members], [.. labels], map.Names);
    }

    // Images at the root itself are the class ".".
    private static string DirectoryOf(string path) => path.LastIndexOf('/') is int slash and > 0 ? path[..slash] : ".";
}
