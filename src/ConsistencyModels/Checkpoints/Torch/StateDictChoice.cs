using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Finds the state dict in what torch.save was given. Training checkpoints wrap it: {"model": ..., "ema": ..., "optimizer": ...}.
/// The rule: a dict that holds wanted tensors itself is the state dict. Otherwise the first of these keys that leads to wanted tensors
/// is followed, averaged weights before raw ones since those are what one samples from; and so on inside. Where no tensor is wanted
/// more than another, or none of them is there, all count. Otherwise every tensor is taken, its keys joined by '.'.
/// </summary>
/// <param name="path">The file, for messages.</param>
/// <param name="walk">Bounds the search.</param>
/// <param name="wanted">By which last keys a state dict is known as the one that is looked for; null for any.</param>
internal sealed class StateDictChoice(string path, StateDictWalk walk, Predicate<string>? wanted)
{
    private const int Deepest = 8;

    private static readonly string[] Wrappers =
    [
        "params_ema", "ema_state_dict", "ema_params", "model_ema", "ema_model", "ema",
        "state_dict", "model_state_dict", "model", "params", "net", "unet", "module",
    ];

    private readonly List<string> _others = [];

    /// <summary>Other parts that held what is wanted, keys joined by '.', once one was chosen.</summary>
    public IReadOnlyList<string> Others => _others;

    /// <summary>How soon a word is chosen that leads to weights: averaged ones first.</summary>
    public static int Rank(string word) => Array.IndexOf(Wrappers, word) is >= 0 and var rank ? rank : Wrappers.Length;

    /// <summary>Finds the state dict.</summary>
    /// <param name="root">What torch.save was given.</param>
    /// <param name="entry">
    /// The key to take instead of choosing one, nested keys joined by '.'; its end may be what the names of tensors begin with. "" for
    /// everything; null to choose.
    /// </param>
    /// <returns>The value, and the keys that lead to it joined by '.'.</returns>
    public (object? Value, string Entry) Find(object? root, string? entry) =>
        entry is null ? Choose(root) : entry.Length == 0 ? (root, "") : (Follow(root, entry), entry);

    private (object?, string) Choose(object? root)
    {
        var chosen = "";
        for (var depth = 0; depth < Deepest && root is PickleDict dict && !Holds(dict, wanted); depth++)
        {
            string[] leading = wanted is null ? [] : Leading(dict, wanted);
            if (leading.Length == 0)
            {
                leading = Holds(dict, null) ? [] : [.. Leading(dict, null).Take(1)];
            }

            if (leading is not [var next, ..])
            {
                break;
            }

            TryGet(dict, next, out root);
            foreach (var name in leading[1..])
            {
                TryGet(dict, name, out var other);
                if (!ReferenceEquals(other, root))
                {
                    _others.Add(Join(chosen, name));
                }
            }

            chosen = Join(chosen, next);
        }

        return (root, chosen);
    }

    private string[] Leading(PickleDict dict, Predicate<string>? which) =>
        [.. Wrappers.Where(name => TryGet(dict, name, out var value) && walk.HasNamedTensor(value, which))];

    private static bool Holds(PickleDict dict, Predicate<string>? which)
    {
        for (var i = 0; i < dict.Count; i++)
        {
            if (dict.Values[i] is TorchTensor && (which is null || (dict.Keys[i] is string key && which(key))))
            {
                return true;
            }
        }

        return false;
    }

    private object? Follow(object? root, string entry)
    {
        if (root is PickleDict dict)
        {
            // The longest key first: keys may hold dots themselves.
            for (var end = entry.Length; end > 0; end = entry.LastIndexOf('.', end - 1))
            {
                if (TryGet(dict, entry[..end], out var value))
                {
                    return end == entry.Length ? value : Follow(value, entry[(end + 1)..]);
                }
            }

            if (Under(dict, entry + ".") is { Count: > 0 } part)
            {
                return part;
            }
        }

        var there = root is PickleDict { Keys: var keys }
            ? string.Join(", ", keys.OfType<string>().Take(8).Select(Printable.Quote))
            : "no dict";
        throw new CheckpointException($"{path}: there is no {Printable.Quote(entry)} in it, found {there}");
    }

    // A state dict of several networks has each under the first words of its names. Nothing is made but the list: its strings are
    // shorter than those that are there.
    private static PickleDict Under(PickleDict dict, string prefix)
    {
        var part = new PickleDict();
        for (var i = 0; i < dict.Count; i++)
        {
            if (dict.Keys[i] is string key && key.Length > prefix.Length && key.StartsWith(prefix, StringComparison.Ordinal))
            {
                part.Add(key[prefix.Length..], dict.Values[i]);
            }
        }

        return part;
    }

    private static string Join(string keys, string key) => keys.Length == 0 ? key : $"{keys}.{key}";

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
