using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Strict loading: a checkpoint must hold exactly the tensors a network has, each with its shape.</summary>
public static class StrictTensors
{
    private const int Listed = 10;

    /// <summary>Compares what a checkpoint holds with what is expected.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="expected">Every parameter's name and shape; names are unique.</param>
    /// <param name="aliases">
    /// Other names a tensor may be stored under, to the expected name; null for none. Under both names at once only if it is
    /// the same tensor: older diffusers kept one under two names while it renamed it (<c>time_proj.W</c>).
    /// </param>
    /// <param name="isOther">Tensors of the file that belong to something else and are passed over by their names; null for none.</param>
    /// <returns>For each expected name, the name it is stored under in <paramref name="source"/>.</returns>
    /// <exception cref="CheckpointException">
    /// Tensors are missing, unexpected, of another shape, or two under one name and its alias. One message lists the first ten of each kind.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Check(
        ITensorSource source,
        IEnumerable<(string Name, IReadOnlyList<long> Shape)> expected,
        IReadOnlyDictionary<string, string>? aliases = null,
        Predicate<string>? isOther = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expected);
        var shapes = expected.ToDictionary(parameter => parameter.Name, parameter => parameter.Shape);
        var stored = new Dictionary<string, string>(shapes.Count);
        List<string> unexpected = [], twice = [], wrong = [];
        foreach (var (name, info) in source.Tensors)
        {
            var target = shapes.ContainsKey(name) ? name : aliases?.GetValueOrDefault(name) ?? name;
            if (!shapes.TryGetValue(target, out var shape))
            {
                if (isOther?.Invoke(name) != true)
                {
                    unexpected.Add(Printable.Quote(name));
                }
            }
            else if (!stored.TryAdd(target, name))
            {
                if (Same(source, stored[target], name))
                {
                    continue;
                }

                twice.Add($"{Printable.Quote(target)} as {Printable.Quote(stored[target])} and {Printable.Quote(name)}");
            }
            else if (!shape.SequenceEqual(info.Shape))
            {
                wrong.Add($"{Printable.Quote(name)} is {Printable.Shape(info.Shape)}, expected {Printable.Shape(shape)}");
            }
        }

        var missing = shapes.Keys.Where(name => !stored.ContainsKey(name)).Select(Printable.Quote).ToList();
        var complaints = new[]
        {
            Complaint("missing", missing), Complaint("unexpected", unexpected), Complaint("of another shape", wrong), Complaint("stored twice, differently", twice),
        }.OfType<string>().ToArray();
        return complaints.Length == 0
            ? stored.AsReadOnly()
            : throw new CheckpointException(
                $"{source.Origin}: the tensors are not those of the network ({shapes.Count} expected, {source.Tensors.Count} found): {string.Join("; ", complaints)}");
    }

    private static bool Same(ITensorSource source, string a, string b)
    {
        var (first, second) = (source.Tensors[a], source.Tensors[b]);
        return first.DType == second.DType && first.Shape.SequenceEqual(second.Shape) && source.Bytes(a).SequenceEqual(source.Bytes(b));
    }

    private static string? Complaint(string kind, List<string> items)
    {
        if (items.Count == 0)
        {
            return null;
        }

        items.Sort(StringComparer.Ordinal);
        var more = items.Count > Listed ? $" and {items.Count - Listed} more" : "";
        return $"{items.Count} {kind}: {string.Join(", ", items.Take(Listed))}{more}";
    }
}
