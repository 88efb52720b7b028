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
    // Prefix without a trailing slash to class index, or to the complement of the class that excludes it.
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
    /// The last part of a prefix may have <c>*</c> and <c>?</c>. What one class excludes another may take.
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
                throw new ConsistencyModelsException($"Class map: a class without a name{(map._names.Count > 0 ? $" after '{map._names[^1]}'" : "")}; expected name=folder or a folder.");
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
                map.Add(rule[(excludes ? 1 : 0)..].Trim('/'), excludes ? ~label : label, part);
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
                return label >= 0;
            }
        }

        label = -1;
        return false;
    }

    private bool TryMatchPattern(ReadOnlySpan<char> path, out int label)
    {
        label = -1;
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

    private void Add(string prefix, int label, string part)
    {
        if (prefix.Length == 0)
        {
            throw new ConsistencyModelsException($"Class map '{part}': an empty folder; expected name=folder:folder:-folder.");
        }

        int slash = prefix.LastIndexOf('/');
        if (prefix.AsSpan(0, Math.Max(slash, 0)).ContainsAny('*', '?'))
        {
            throw new ConsistencyModelsException($"Class map '{part}': '{prefix}' has a pattern in the name of a folder above others; expected * and ? after the last / only.");
        }

        // What one class leaves out is another's if that one takes it.
        int Together(int other) => other == label || other == ~label || (other >= 0 && label >= 0)
            ? throw new ConsistencyModelsException($"Class map '{part}': the folder '{prefix}' is given twice.")
            : Math.Max(other, label);

        if (prefix.AsSpan(slash + 1).ContainsAny('*', '?'))
        {
            AddPattern(slash < 0 ? "" : prefix[..slash], prefix[(slash + 1)..], label, Together);
        }
        else
        {
            _rules[prefix] = _rules.TryGetValue(prefix, out int other) ? Together(other) : label;
        }
    }

    private void AddPattern(string folder, string pattern, int label, Func<int, int> together)
    {
        if (!_patterns.TryGetValue(folder, out List<(string Pattern, int Label)>? patterns))
        {
            _patterns[folder] = patterns = [];
        }

        int known = patterns.FindIndex(other => other.Pattern == pattern);
        if (known >= 0)
        {
            patterns[known] = (pattern, together(patterns[known].Label));
            return;
        }

        // Patterns of one length stay in the order of the map.
        int at = patterns.FindIndex(other => other.Pattern.Length < pattern.Length);
        patterns.Insert(at < 0 ? patterns.Count : at, (pattern, label));
    }
}
