using System.Text.Json;
using System.Text.RegularExpressions;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Weights written whole into a model's folder, under temporary names. <see cref="Replace"/> makes them the folder's weights at one
/// moment: when the single file is renamed over the old one or the last index that would win over it goes, or when the index of
/// shards is replaced. Shards never take the name of a file that the old index still means.
/// </summary>
internal sealed partial class PreparedWeights(string folder, string? variant) : IDisposable
{
    private readonly List<(PreparedFile File, string Name, TensorToWrite[] Tensors)> _files = [];
    private string[] _stored = [];
    private PreparedFile? _index;
    private bool _replaced;

    private string Index => ModelLayout.WeightIndex(variant);

    /// <summary>Writes one file.</summary>
    public void Add(string name, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata) =>
        _files.Add((SafetensorsWriter.Prepare(Path.Combine(folder, name), tensors, metadata), name, [.. tensors]));

    /// <summary>Writes the index and gives shards names that nothing means yet: after this a rename is left.</summary>
    public void Complete()
    {
        _stored = [.. _files.Select(file => file.Name)];
        if (_stored.Length == 1)
        {
            return;
        }

        if (_stored.Any(shard => File.Exists(Path.Combine(folder, shard))))
        {
            var save = Guid.NewGuid().ToString("N")[..8];
            _stored = [.. _stored.Select(shard => $"{shard[..^ModelLayout.SafetensorsEnding.Length]}-{save}{ModelLayout.SafetensorsEnding}")];
        }

        _index = PrepareIndex(_stored);
        foreach (var (file, shard) in _files.Zip(_stored))
        {
            file.File.MoveTo(Path.Combine(folder, shard));
        }
    }

    /// <summary>Makes them the folder's weights. If it fails, the old ones still are.</summary>
    /// <returns>The file, or the index of the shards.</returns>
    /// <exception cref="ConsistencyModelsException">A file cannot be moved or removed.</exception>
    public string Replace()
    {
        if (_files is [var (only, name, _)])
        {
            // An index of earlier shards would still win: it goes last.
            only.MoveTo(Path.Combine(folder, name));
            _replaced = true;
            Delete(ModelLayout.Weights(variant).Where(other => other.EndsWith(ModelLayout.IndexEnding, StringComparison.Ordinal)).Reverse());
            return Path.Combine(folder, name);
        }

        _index!.MoveTo(Path.Combine(folder, Index));
        _replaced = true;
        return Path.Combine(folder, Index);
    }

    /// <summary>Removes the files of the old weights, and gives shards that had to have other names the usual ones.</summary>
    /// <exception cref="ConsistencyModelsException">A file cannot be removed.</exception>
    public void Tidy()
    {
        DeleteAllBut(_stored);
        string[] names = [.. _files.Select(file => file.Name)];
        if (!names.SequenceEqual(_stored) && names.Zip(_stored).All(pair => HardLink.TryCreate(Path.Combine(folder, pair.Second), Path.Combine(folder, pair.First))))
        {
            // The Hub's tools look for these names. Both mean the same files meanwhile, so the index may change from one to the other.
            using var index = PrepareIndex(names);
            index.MoveTo(Path.Combine(folder, Index));
            DeleteAllBut(names);
        }
    }

    /// <summary>Deletes what did not become the folder's weights.</summary>
    public void Dispose()
    {
        _index?.Dispose();
        _files.ForEach(file => file.File.Dispose());
        if (!_replaced && _index is not null)
        {
            Array.ForEach(_stored, shard => AtomicFile.TryDelete(Path.Combine(folder, shard)));
        }
    }

    // What an earlier save left lies about uselessly, or would be taken where the new weights are gone.
    private void DeleteAllBut(string[] kept)
    {
        if (kept.Length > 1)
        {
            kept = [Index, .. kept];
        }

        try
        {
            PreparedFile.RemoveLeftovers(folder, ModelLayout.WeightStem);
            Delete([.. Directory.EnumerateFiles(folder, ModelLayout.WeightStem + "*").Select(path => Path.GetFileName(path)).Where(IsOurs).Except(kept)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{folder}: earlier weights cannot be removed: {Printable.Line(e.Message)}", e);
        }
    }

    private void Delete(IEnumerable<string> names)
    {
        foreach (var path in names.Select(name => Path.Combine(folder, name)))
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ConsistencyModelsException($"{path}: cannot be removed: {Printable.Line(e.Message)}", e);
            }
        }
    }

    private bool IsOurs(string name)
    {
        var stem = ModelLayout.WeightStem + ModelLayout.Word(variant);
        return ModelLayout.Weights(variant).Contains(name)
            || (name.StartsWith(stem, StringComparison.Ordinal) && ShardEnding().IsMatch(name.AsSpan(stem.Length)));
    }

    private PreparedFile PrepareIndex(string[] names)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (file, name) in _files.Zip(names))
        {
            foreach (var tensor in file.Tensors)
            {
                map.Add(tensor.Info.Name, name);
            }
        }

        return AtomicFile.Prepare(Path.Combine(folder, Index), stream =>
        {
            using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            {
                json.WriteStartObject();
                json.WriteStartObject("metadata");
                json.WriteNumber("total_size", _files.Sum(file => file.Tensors.Sum(tensor => tensor.ByteCount)));
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
        });
    }

    [GeneratedRegex(@"^-\d{5}-of-\d{5}(-[0-9a-f]{8})?\.safetensors$", RegexOptions.CultureInvariant)]
    private static partial Regex ShardEnding();
}
