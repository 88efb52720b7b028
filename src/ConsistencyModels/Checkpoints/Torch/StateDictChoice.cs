using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Finds the state dict in what torch.save was given. Training checkpoints wrap it: {"model": ..., "ema": ..., "optimizer": ...}.
/// The rule: a dict that holds tensors itself is the state dict. Otherwise the first of these keys that leads to tensors is
/// followed, averaged weights before raw ones since those are what one samples from; and so on inside. Otherwise every
/// tensor is taken, its keys joined by '.'.
/// </summary>
internal static class StateDictChoice
{
    private const int Deepest = 8;

    private static readonly string[] Wrappers =
    [
        "params_ema", "ema_state_dict", "ema_params", "model_ema", "ema_model", "ema",
        "state_dict", "model_state_dict", "model", "params", "net", "unet", "module",
    ];

    /// <summary>Finds the state dict.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="root">What torch.save was given.</param>
    /// <param name="entry">The key to take instead of choosing one, nested keys joined by '.'; "" for everything; null to choose.</param>
    /// <param name="walk">Bounds the search.</param>
    /// <returns>The value, and the keys that lead to it joined by '.'.</returns>
    public static (object? Value, string Entry) Find(string path, object? root, string? entry, StateDictWalk walk) =>
        entry is null ? Choose(root, walk) : entry.Length == 0 ? (root, "") : Follow(path, root, entry);

    private static (object?, string) Choose(object? root, StateDictWalk walk)
    {
        var chosen = "";
        for (var depth = 0; depth < Deepest; depth++)
        {
            if (root is not PickleDict dict || dict.Values.Any(value => value is TorchTensor))
            {
                break;
            }

            var next = Wrappers.FirstOrDefault(name => TryGet(dict, name, out var value) && walk.HasNamedTensor(value));
            if (next is null)
            {
                break;
            }

            TryGet(dict, next, out root);
            chosen = chosen.Length == 0 ? next : $"{chosen}.{next}";
        }

        return (root, chosen);
    }

    private static (object?, string) Follow(string path, object? root, string entry)
    {
        if (root is PickleDict dict)
        {
            // The longest key first: keys may hold dots themselves.
            for (var end = entry.Length; end > 0; end = entry.LastIndexOf('.', end - 1))
            {
                if (TryGet(dict, entry[..end], out var value))
                {
                    return end == entry.Length ? (value, entry) : (Follow(path, value, entry[(end + 1)..]).Item1, entry);
                }
            }
        }

        var there = root is PickleDict { Keys: var keys }
            ? string.Join(", ", keys.OfType<string>().Take(8).Select(Printable.Quote))
            : "no dict";
        throw new CheckpointException($"{path}: there is no {Printable.Quote(entry)} in it, found {there}");
    }

    private static bool TryGet(PickleDict dict, string key, out object? value)
    {
        value = null;
        var found = false;
        for (var i = 0; i < dict.Count; i++)
        {
            if (dict.Keys[i] is string name && name == key)
            {
                (value, found) = (dict.Values[i], true);
            }
        }

        return found;
    }
}
