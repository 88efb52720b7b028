using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models.ParameterNaming;

namespace ConsistencyModels.Models;

/// <summary>
/// What stands before every name of a network's tensors: parallel training puts "module.", compilation "_orig_mod.", frameworks "unet."
/// or "model.", and a file of several networks the name of each.
/// </summary>
internal static class NetworkPrefix
{
    /// <summary>A tensor that every network has once, under openai's names.</summary>
    public const string OpenAiMark = "time_embed.0.weight";

    /// <summary>A tensor that every network has once, under diffusers' names.</summary>
    public const string DiffusersMark = "time_embedding.linear_1.weight";

    /// <summary>Whether a name is that of a tensor by which a network is known, whatever stands before it.</summary>
    public static bool IsMark(string name) => Ends(name, OpenAiMark) || Ends(name, DiffusersMark);

    /// <summary>The network of a folder's weights, which may be under one prefix and have nothing else beside them.</summary>
    /// <param name="weights">The weights, which the result owns.</param>
    public static ITensorSource OfAll(ITensorSource weights) =>
        Of(weights) is [{ Length: > 0 } prefix] && weights.Tensors.Keys.All(name => name.StartsWith(prefix, StringComparison.Ordinal)) ? Without(weights, prefix) : weights;

    /// <summary>Chooses the network of a file: the only one, or averaged weights before others.</summary>
    /// <param name="weights">The file.</param>
    /// <param name="entry">The part the user asks for; null to choose.</param>
    /// <returns>What stands before the names of its tensors, and what has to be said about the choice.</returns>
    /// <exception cref="CheckpointException">There is no network, not the one asked for, or several without an order.</exception>
    public static (string Prefix, IReadOnlyList<string> Notes) Choose(ITensorSource weights, string? entry)
    {
        // Of a torch file the part is taken already.
        var torch = weights as TorchFile;
        var asked = torch is null && !string.IsNullOrEmpty(entry) ? entry + "." : "";
        var all = Of(weights);
        var found = all.Where(prefix => prefix.StartsWith(asked, StringComparison.Ordinal)).OrderBy(Rank).ToArray();
        string Name(string prefix) => Printable.Quote(string.Join('.', new[] { torch?.Entry ?? "", prefix.TrimEnd('.') }.Where(part => part.Length > 0)));
        if (found.Length == 0)
        {
            throw new CheckpointException(
                all.Count > 0 ? $"{weights.Origin}: there is no network under {Printable.Quote(asked.TrimEnd('.'))} in it, found {string.Join(", ", all.Select(Name))}"
                : $"{weights.Origin}: found 0 networks among {weights.Tensors.Count} tensors, expected one, with '{DiffusersMark}' or '{OpenAiMark}'");
        }

        if (found.Length > 1 && Rank(found[0]) == Rank(found[1]))
        {
            throw new CheckpointException(
                $"{weights.Origin}: found {found.Length} networks among {weights.Tensors.Count} tensors, expected one; say which (--entry): {string.Join(", ", found.Select(Name))}");
        }

        List<string> notes = [];
        string[] others = [.. (torch?.Others ?? []).Select(Printable.Quote), .. found.Skip(1).Select(Name)];
        if (others.Length > 0)
        {
            notes.Add($"the weights are {Name(found[0])}; --entry takes {string.Join(" or ", others)} instead");
        }

        string[] beside = [.. weights.Tensors.Keys.Where(name => !all.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))).Order(StringComparer.Ordinal)];
        if (beside.Length > 0)
        {
            notes.Add($"{beside.Length} tensors beside the network are passed over, such as {Printable.Quote(beside[0])}");
        }

        return (found[0], notes);
    }

    /// <summary>The tensors under a prefix, without it. Nothing is copied.</summary>
    /// <param name="weights">The file, which the result owns.</param>
    /// <param name="prefix">What stands before their names; may be empty.</param>
    public static ITensorSource Without(ITensorSource weights, string prefix) => prefix.Length == 0
        ? weights
        : new RenamedTensors(
            weights,
            weights.Tensors.Values.Where(info => info.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(info => (info.Name[prefix.Length..], info.Shape, info.Name, 0L)));

    private static IReadOnlyList<string> Of(ITensorSource weights) =>
        [.. weights.Tensors.Keys.Where(IsMark).Select(name => name[..^(name.EndsWith(OpenAiMark, StringComparison.Ordinal) ? OpenAiMark : DiffusersMark).Length]).Distinct()];

    private static int Rank(string prefix) => prefix.Split('.').Min(StateDictChoice.Rank);

    private static bool Ends(string name, string mark) =>
        name.EndsWith(mark, StringComparison.Ordinal) && (name.Length == mark.Length || name[^(mark.Length + 1)] == '.');
}
