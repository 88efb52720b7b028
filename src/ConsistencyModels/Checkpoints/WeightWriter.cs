using System.Text.Json;
using System.Text.RegularExpressions;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Writes a model's weights into its folder under the names diffusers looks for: one safetensors file, or, where that would be
/// larger than asked for, numbered shards and their index, as huggingface_hub's <c>split_torch_state_dict_into_shards</c> does.
/// </summary>
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
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardSize);
        WeightFiles.ThrowIfNoVariant(folder, variant);
        var shards = Split([.. tensors], maxShardSize);
        var word = variant is null ? "" : $".{variant}";
        var index = Path.Combine(folder, ModelLayout.WeightIndex(variant));
        List<string> written = [];
        if (shards.Count == 1)
        {
            var single = Path.Combine(folder, ModelLayout.SingleFile(variant));
            SafetensorsWriter.Write(single, shards[0], metadata);
            written.Add(single);
        }
        else
        {
            var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
            for (var i = 0; i < shards.Count; i++)
            {
                var name = $"{ModelLayout.WeightStem}{word}-{i + 1:D5}-of-{shards.Count:D5}.safetensors";
                SafetensorsWriter.Write(Path.Combine(folder, name), shards[i], metadata);
                written.Add(Path.Combine(folder, name));
                foreach (var tensor in shards[i])
                {
                    map.Add(tensor.Info.Name, name);
                }
            }

            AtomicFile.WriteAllBytes(index, Index(map, shards.SelectMany(shard => shard).Sum(tensor => tensor.ByteCount)));
            written.Add(index);
        }

        DeleteOthers(folder, variant, written);
        return written[^1];
    }

    // What an earlier save left would win over these files, or lie about uselessly.
    private static void DeleteOthers(string folder, string? variant, List<string> written)
    {
        try
        {
            foreach (var old in Directory.EnumerateFiles(folder, ModelLayout.WeightStem + "*").Where(path => IsOurs(Path.GetFileName(path), variant)).Except(written).ToArray())
            {
                File.Delete(old);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{folder}: earlier weights cannot be removed: {Printable.Line(e.Message)}", e);
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

    [GeneratedRegex(@"^-\d{5}-of-\d{5}\.safetensors$", RegexOptions.CultureInvariant)]
    private static partial Regex ShardEnding();

    private static bool IsOurs(string name, string? variant)
    {
        var word = variant is null ? "" : $".{variant}";
        var stem = ModelLayout.WeightStem + word;
        return ModelLayout.Weights(variant).Contains(name)
            || (name.StartsWith(stem, StringComparison.Ordinal) && ShardEnding().IsMatch(name.AsSpan(stem.Length)));
    }

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

    private static byte[] Index(SortedDictionary<string, string> map, long totalSize)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", totalSize);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach (var (name, file) in map)
            {
                json.WriteString(name, file);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }
}
