using System.Text.RegularExpressions;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Writes a model's weights into its folder under the names diffusers looks for: one safetensors file, or, where that would be
/// larger than asked for, numbered shards and their index, as huggingface_hub's <c>split_torch_state_dict_into_shards</c> does.
/// </summary>
/// <remarks>
/// Weights that are there are replaced in one step, whatever they are: a reader, or the next program after a crash, finds all of the
/// old tensors or all of the new. Two programs must not write into one folder at the same time.
/// </remarks>
public static partial class WeightWriter
{
    /// <summary>The size above which diffusers shards unless told otherwise: 10 GB.</summary>
    public const long DefaultShardSize = 10_000_000_000;

    /// <summary>Writes the weights. Weights of the same variant that were there before are replaced.</summary>
    /// <param name="folder">A model's folder, such as <c>unet/</c>; it must exist.</param>
    /// <param name="tensors">The tensors. They are distributed over shards in this order.</param>
    /// <param name="variant">A variant such as "fp16", which becomes part of the names; null for the plain names.</param>
    /// <param name="maxShardSize">The most bytes of tensors in one file; a single larger tensor gets a file of its own.</param>
    /// <param name="metadata">Strings for the files' metadata; "format": "pt" is always there.</param>
    /// <returns>The file written, or the index of the shards.</returns>
    /// <exception cref="ConsistencyModelsException">The disk is full or the files cannot be written.</exception>
    public static string Write(
        string folder,
        IEnumerable<TensorToWrite> tensors,
        string? variant = null,
        long maxShardSize = DefaultShardSize,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var prepared = Prepare(folder, tensors, variant, maxShardSize, metadata);
        var path = prepared.Replace();
        prepared.Tidy();
        return path;
    }

    /// <summary>Writes the weights beside those that are there, which still count until <see cref="PreparedWeights.Replace"/>.</summary>
    internal static PreparedWeights Prepare(
        string folder, IEnumerable<TensorToWrite> tensors, string? variant, long maxShardSize, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardSize);
        WeightFiles.ThrowIfNoVariant(folder, variant);
        var shards = Split([.. tensors], maxShardSize);
        var prepared = new PreparedWeights(folder, variant);
        try
        {
            for (var i = 0; i < shards.Count; i++)
            {
                prepared.Add(shards.Count == 1 ? ModelLayout.SingleFile(variant) : ModelLayout.Shard(variant, i, shards.Count), shards[i], metadata);
            }

            prepared.Complete();
            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

    /// <summary>Reads a size as huggingface writes it: "5GB", "500MB", "2GiB", or bytes.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The number of bytes, from 1 up.</param>
    /// <returns>False if it is not a size.</returns>
    public static bool TryParseSize(string text, out long bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = 0;
        var match = Size().Match(text);
        if (!match.Success || !long.TryParse(match.Groups[1].ValueSpan, out var number))
        {
            return false;
        }

        var unit = match.Groups[3].Success ? 1024L : 1000L;
        var power = match.Groups[2].Success ? "KMGT".IndexOf(char.ToUpperInvariant(match.Groups[2].Value[0]), StringComparison.Ordinal) + 1 : 0;
        for (; power > 0 && number <= long.MaxValue / unit; power--)
        {
            number *= unit;
        }

        bytes = number;
        return power == 0 && number > 0;
    }

    [GeneratedRegex(@"^\s*(\d{1,18})\s*(?:([KMGT])(i)?)?B?\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Size();

    private static List<List<TensorToWrite>> Split(TensorToWrite[] tensors, long most)
    {
        List<List<TensorToWrite>> shards = [];
        List<TensorToWrite> current = [];
        var size = 0L;
        foreach (var tensor in tensors)
        {
            if (tensor.ByteCount > most)
            {
                shards.Add([tensor]);
                continue;
            }

            if (size > most - tensor.ByteCount)
            {
                shards.Add(current);
                (current, size) = ([], 0);
            }

            current.Add(tensor);
            size += tensor.ByteCount;
        }

        if (current.Count > 0 || shards.Count == 0)
        {
            shards.Add(current);
        }

        return shards;
    }
}
