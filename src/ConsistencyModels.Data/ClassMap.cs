namespace ConsistencyModels.Data;

/// <summary>
/// Which paths of a folder or archive belong to which class: a list of rules, each a path prefix that includes or
/// excludes. The longest prefix that matches a path decides, so <c>other=dngn</c> beside <c>wall=dngn/wall</c> takes
/// what is in <c>dngn</c> but not in <c>dngn/wall</c>. Paths that no rule includes are left out.
/// </summary>
public sealed class ClassMap
{
    private const int Excluded = -1;

    // Prefix without a trailing slash to class index or Excluded.
    private readonly Dictionary<string, int> _rules = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    private ClassMap()
    {
    }

    /// <summary>The class names in the order of the map; labels follow it.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>
    /// Reads <c>name=prefix:prefix:-prefix,name=...</c>. Classes are separated by commas, the prefixes of one class by
    /// colons; a prefix that starts with <c>-</c> is excluded; a class without <c>=</c> is named as its one prefix.
    /// Example: <c>floor=dngn/floor,wall=dngn/wall,monster=mon:-mon/tentacles,effect</c>.
    /// </summary>
    /// <param name="text">The rules; prefixes are paths below the root with forward slashes.</param>
    /// <exception cref="ConsistencyModelsException">A name or prefix is empty, or one prefix is given twice.</exception>
    public static ClassMap Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ClassMap map = new();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=');
            string name = (equals < 0 ? part : part[..equals]).Trim();
            if (name.Length == 0)
            {
                throw new ConsistencyModelsException($"Class map '{text}': a class without a name; expected name=folder or a folder.");
            }

            int label = map._names.IndexOf(name);
            if (label < 0)
            {
                label = map._names.Count;
                map._names.Add(name);
            }

            foreach (string rule in part[(equals + 1)..].Split(':', StringSplitOptions.TrimEntries))
            {
                bool excludes = rule.StartsWith('-');
                map.Add(rule[(excludes ? 1 : 0)..].Trim('/'), excludes ? Excluded : label, text);
            }
        }

        return map;
    }

    /// <summary>Finds the class of a path.</summary>
    /// <param name="path">A path below the root with forward slashes, such as <c>mon/undead/ghost.png</c>.</param>
    /// <param name="label">The class, an index into <see cref="Names"/>.</param>
    /// <returns>False where the path is in no class.</returns>
    public bool TryGetLabel(string path, out int label)
    {
        ArgumentNullException.ThrowIfNull(path);
        for (int end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (_rules.TryGetValue(path[..end], out label))
            {
                return label != Excluded;
            }
        }

        label = Excluded;
        return false;
    }

    private void Add(string prefix, int label, string text)
    {
        if (prefix.Length == 0)
        {
            throw new ConsistencyModelsException($"Class map '{text}': an empty folder; expected name=folder:folder:-folder.");
        }

        if (!_rules.TryAdd(prefix, label))
        {
            throw new ConsistencyModelsException($"Class map '{text}': the folder '{prefix}' is given twice.");
        }
    }
}
