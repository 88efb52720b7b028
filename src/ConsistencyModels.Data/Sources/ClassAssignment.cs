namespace ConsistencyModels.Data.Sources;

/// <summary>Which files of a source take part, their labels, and the names of the classes.</summary>
internal sealed record ClassAssignment(int[] Members, int[] Labels, IReadOnlyList<string> Names, EmptyClasses EmptyClasses)
{
    /// <summary>Decides which files of a source take part, and their labels.</summary>
    /// <exception cref="ConsistencyModelsException">There are no images, or a dataset.json does not fit them.</exception>
    public static ClassAssignment Of(IImageSource source, ImageDataSetOptions options)
    {
        if (source.Paths.Count == 0)
        {
            throw new ConsistencyModelsException($"{source.Name}: holds no images ({ImageSource.Known}){string.Concat(source.Notes.Select(note => $"; {note}"))}.");
        }

        return options switch
        {
            { Classes: { } map } => ByMap(source, map),
            { ClassesFrom: ClassRule.Prefix } => ByKey(source, PrefixOf),
            { ClassesFrom: ClassRule.None } => ByKey(source, _ => "."),
            { ClassesFrom: ClassRule.Auto } when source.ReadRootFile(DatasetJson.FileName) is { } json => DatasetJson.Assign(json, source),
            _ => ByKey(source, DirectoryOf),
        };
    }

    /// <summary>
    /// Settles the class names once it is known which images are kept. A class of a map without images is an error: its
    /// label would never be trained. Directories without usable images are just no classes; labels are renumbered.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="labels">The labels of what is kept; renumbered in place where classes are dropped.</param>
    /// <param name="filter">Which images are kept, for messages: " of 8x8", or nothing.</param>
    public static IReadOnlyList<string> Settle(IPictureSource source, int[] labels, string filter)
    {
        IReadOnlyList<string> names = source.ClassNames;
        if (labels.Length == 0)
        {
            throw new ConsistencyModelsException($"{source.Name}: holds no usable images{filter}.");
        }

        int[] used = [.. labels.Distinct().Order()];
        if (used.Length == names.Count || source.EmptyClasses == EmptyClasses.Keep)
        {
            return names;
        }

        if (source.EmptyClasses == EmptyClasses.Refuse)
        {
            int empty = Enumerable.Range(0, names.Count).Except(used).First();
            throw new ConsistencyModelsException($"{source.Name}: the class '{names[empty]}' has no images{filter}.");
        }

        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = Array.BinarySearch(used, labels[i]);
        }

        return [.. used.Select(u => names[u])];
    }

    private static ClassAssignment ByKey(IImageSource source, Func<string, string> keyOf)
    {
        string[] keys = [.. source.Paths.Select(keyOf)];
        string[] names = [.. keys.Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            labels.Add(names[i], i);
        }

        return new([.. Enumerable.Range(0, keys.Length)], [.. keys.Select(d => labels[d])], names, EmptyClasses.Drop);
    }

    private static ClassAssignment ByMap(IImageSource source, ClassMap map)
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

        return new([.. members], [.. labels], map.Names, EmptyClasses.Refuse);
    }

    // Images at the root itself are the class ".".
    private static string DirectoryOf(string path) => path.LastIndexOf('/') is int slash and > 0 ? path[..slash] : ".";

    // openai's rule: without an underscore it is the whole name.
    private static string PrefixOf(string path) => path[(path.LastIndexOf('/') + 1)..].Split('_')[0];
}
