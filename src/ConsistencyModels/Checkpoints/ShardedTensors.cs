using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Several safetensors files read as one, through the <c>*.safetensors.index.json</c> that transformers and diffusers write:
/// its <c>weight_map</c> says which file holds which tensor. <c>metadata.total_size</c> is ignored; the files know better.
/// </summary>
public sealed class ShardedTensors : ITensorSource, IMappedTensors
{
    private readonly Dictionary<string, SafetensorsFile> _owners;
    private readonly SafetensorsFile[] _shards;

    private ShardedTensors(string index, Dictionary<string, SafetensorsFile> owners, SafetensorsFile[] shards)
    {
        Origin = index;
        _owners = owners;
        _shards = shards;
        Tensors = owners.ToDictionary(owner => owner.Key, owner => owner.Value.Tensors[owner.Key]).AsReadOnly();
        var metadata = new Dictionary<string, string>();
        foreach (var (key, value) in shards.SelectMany(shard => shard.Metadata))
        {
            metadata.TryAdd(key, value);
        }

        Metadata = metadata.AsReadOnly();
    }

    /// <inheritdoc/>
    public string Origin { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The metadata of all files together; where two differ about a key, the first file (by name) is right.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    IReadOnlyList<MappedFile>? IMappedTensors.Files => [.. _shards.SelectMany(shard => ((IMappedTensors)shard).Files!)];

    /// <inheritdoc/>
    string IMappedTensors.View => string.Join('\n', _owners.Select(owner => $"{owner.Key}\t{Path.GetFileName(owner.Value.Origin)}"));

    /// <summary>Opens every file the index names and checks that index and files list the same tensors.</summary>
    /// <param name="indexPath">The index. The files are in the same folder; names that lead out of it are refused.</param>
    /// <exception cref="CheckpointException">The index or one of its files is missing, malformed, or they disagree.</exception>
    public static ShardedTensors Open(string indexPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(indexPath);
        var map = ReadMap(indexPath);
        var folder = Path.GetDirectoryName(indexPath) ?? "";
        var shards = new SortedDictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        try
        {
            var owners = new Dictionary<string, SafetensorsFile>(map.Count);
            foreach (var (name, file) in map)
            {
                if (!shards.TryGetValue(file, out var shard))
                {
                    shards.Add(file, shard = SafetensorsFile.Open(Path.Combine(folder, file)));
                }

                owners.Add(name, shard.Tensors.ContainsKey(name)
                    ? shard
                    : throw new CheckpointException($"{indexPath}: tensor {Printable.Quote(name)} should be in {file}, which does not hold it"));
            }

            foreach (var (file, shard) in shards)
            {
                foreach (var name in shard.Tensors.Keys)
                {
                    if (owners.GetValueOrDefault(name) != shard)
                    {
                        throw new CheckpointException(
                            $"{indexPath}: {file} holds tensor {Printable.Quote(name)}, which the index {(owners.ContainsKey(name) ? "places in another file" : "does not list")}");
                    }
                }
            }

            return new ShardedTensors(indexPath, owners, [.. shards.Values]);
        }
        catch
        {
            foreach (var shard in shards.Values)
            {
                shard.Dispose();
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name) => Owner(name).Bytes(name);

    /// <inheritdoc/>
    public void CopyTo(string name, Span<float> destination) => Owner(name).CopyTo(name, destination);

    /// <inheritdoc/>
    public void Release(string name) => Owner(name).Release(name);

    /// <summary>Unmaps every file: spans from <see cref="Bytes"/> must not be used any more. Further calls throw.</summary>
    public void Dispose()
    {
        foreach (var shard in _shards)
        {
            shard.Dispose();
        }
    }

    private static Dictionary<string, string> ReadMap(string path)
    {
        using var file = MappedFile.Open(path);
        if (file.Length > JsonFile.LongestFile)
        {
            throw new CheckpointException($"{path}: the index has {file.Length} bytes, expected at most {JsonFile.LongestFile}");
        }

        try
        {
            using var json = JsonFile.Parse(file.Span(0, (int)file.Length).ToArray(), allowDuplicates: false);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("weight_map", out var entries)
                || entries.ValueKind != JsonValueKind.Object)
            {
                throw new CheckpointException($"{path}: the index has no weight_map, expected an object of tensor names and files");
            }

            return entries.EnumerateObject().ToDictionary(entry => entry.Name, entry => FileName(path, entry));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not UTF-8.
            throw new CheckpointException($"{path}: the index is not valid JSON: {Printable.Line(e.Message)}", e);
        }
    }

    private static string FileName(string path, JsonProperty entry)
    {
        var file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : null;

        // Plain on every system: a checkpoint made for one must not escape on another.
        var plain = file is not null
            && file.EndsWith(".safetensors", StringComparison.Ordinal)
            && !file.Any(c => c is '/' or '\\' or ':' || char.IsControl(c));
        return plain
            ? file!
            : throw new CheckpointException(
                $"{path}: weight_map {Printable.Quote(entry.Name)} is {(file is null ? entry.Value.ValueKind : Printable.Quote(file))}, expected the plain name of a .safetensors file in the same folder");
    }

    private SafetensorsFile Owner(string name) =>
        _owners.TryGetValue(name, out var shard)
            ? shard
            : throw new KeyNotFoundException($"{Origin}: there is no tensor {Printable.Quote(name)}.");
}
