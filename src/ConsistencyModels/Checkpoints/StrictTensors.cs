namespace ConsistencyModels.Checkpoints;

/// <summary>Strict loading: a checkpoint must hold exactly the tensors a network has, each with its shape.</summary>
public static class StrictTensors
{
    private const int Listed = 10;

    /// <summary>Compares what a checkpoint holds with what is expected.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="expected">Every parameter's name and shape; names are unique.</param>
    /// <param name="aliases">Other names a tensor may be stored under, to the expected name; null for none.</param>
    /// <returns>For each expected name, the name it is stored under in <paramref name="source"/>.</returns>
    /// <exception cref="CheckpointException">
    /// Tensors are missing, unexpected, of another shape, or stored under two names. One message lists the first ten of each kind.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Check(
        ITensorSource source,
        IEnumerable<(string Name, IReadOnlyList<long> Shape)> expected,
        IReadOnlyDictionary<string, string>? aliases = null)
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
                unexpected.Add(Printable.Quote(name));
            }
            else if (!stored.TryAdd(target, name))
            {
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
            Complaint("missing", missing), Complaint("unexpected", unexpected), Complaint("of another shape", wrong), Complaint("stored twice", twice),
        }.OfType<string>().ToArray();
        return complaints.Length == 0
            ? stored.AsReadOnly()
            : throw new CheckpointException(
                $"{source.Origin}: the tensors are not those of the network ({shapes.Count} expected, {source.Tensors.Count} found): {string.Join("; ", complaints)}");
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
