using System.IO.Enumeration;

namespace ConsistencyModels.Data;

/// <summary>
/// Which paths of a folder or archive belong to which class: a list of rules, each a path prefix that includes or
/// excludes. The longest prefix that matches a path decides, so <c>other=dngn</c> beside <c>wall=dngn/wall</c> takes
/// what is in <c>dngn</c> but not in <c>dngn/wall</c>. Paths that no rule includes are left out.
/// <para>
/// The last part of a prefix may be a pattern of names: <c>*</c> is any run of characters, <c>?</c> any one character, so
/// <c>potion=item/potion:-item/potion/i-*</c> leaves out the files of that folder whose names begin with <c>i-</c>. In one
/// folder a name goes before a pattern, and a longer pattern before a shorter one.
/// </para>
/// </summary>
public sealed class ClassMap
{
    private const int Excluded = -1;

    // Prefix without a trailing slash to class index or Excluded.
    private readonly Dictionary<string, int> _rules = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    // Folder ("" for the root) to the patterns of names in it, the longest first.
    private readonly Dictionary<string, List<(string Pattern, int Label)>> _patterns = new(StringComparer.Ordinal);

    private ClassMap()
    {
    }

    /// <summary>The class names in the order of the map; labels follow it.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>
    /// Reads <c>name=prefix:prefix:-prefix,name=...</c>. Classes are separated by commas, the prefixes of one class by
    /// colons; a prefix that starts with <c>-</c> is excluded; a class without <c>=</c> is named as its one prefix.
    /// The last part of a prefix may have <c>*</c> and <c>?</c>.
    /// Example: <c>floor=dngn/floor,wall=dngn/wall,monster=mon:-mon/tentacles,effect</c>.
    /// </summary>
    /// <param name="text">The rules; prefixes are paths below the root with forward slashes.</param>
    /// <exception cref="ConsistencyModelsException">
    /// A name or prefix is empty, one prefix is given twice, or a pattern is not in the last part of its prefix.
    /// </exception>
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
            if (_rules.TryGetValue(path[..end], out label) || TryMatchPattern(path.AsSpan(0, end), out label))
            {
                return label != Excluded;
            }
        }

        label = Excluded;
        return false;
    }

    private bool TryMatchPattern(ReadOnlySpan<char> path, out int label)
    {
        label = Excluded;
        if (_patterns.Count == 0)
        {
            return false;
        }

        int slash = path.LastIndexOf('/');
        string folder = slash < 0 ? "" : path[..slash].ToString();
        if (_patterns.TryGetValue(folder, out List<(string Pattern, int Label)>? patterns))
        {
            foreach ((string pattern, int its) in patterns)
            {
                if (FileSystemName.MatchesSimpleExpression(pattern, path[(slash + 1)..], ignoreCase: false))
                {
                    label = its;
                    return true;
                }
            }
        }

        return false;
    }

    private void Add(string prefix, int label, string text)
    {
        if (prefix.Length == 0)
        {
            throw new ConsistencyModelsException($"Class map '{text}': an empty folder; expected name=folder:folder:-folder.");
        }

        int slash = prefix.LastIndexOf('/');
        bool twice;
        if (prefix.AsSpan(0, Math.Max(slash, 0)).ContainsAny('*', '?'))
        {
            throw new ConsistencyModelsException($"Class map '{text}': '{prefix}' has a pattern in the name of a folder above others; expected * and ? after the last / only.");
        }
        else if (prefix.AsSpan(slash + 1).ContainsAny('*', '?'))
        {
            twice = !AddPattern(slash < 0 ? "" : prefix[..slash], prefix[(slash + 1)..], label);
        }
        else
        {
            twice = !_rules.TryAdd(prefix, label);
        }

        if (twice)
        {
            throw new ConsistencyModelsException($"Class map '{text}': the folder '{prefix}' is given twice.");
        }
    }

    private bool AddPattern(string folder, string pattern, int label)
    {
        if (!_patterns.TryGetValue(folder, out List<(string Pattern, int Label)>? patterns))
        {
            _patterns[folder] = patterns = [];
        }

        if (patterns.Exists(other => other.Pattern == pattern))
        {
            return false;
        }

        // Patterns of one length stay in the order of the map.
        int at = patterns.FindIndex(other => other.Pattern.Length < pattern.Length);
        patterns.Insert(at < 0 ? patterns.Count : at, (pattern, label));
        return true;
    }
}
