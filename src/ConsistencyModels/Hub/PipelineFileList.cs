using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Hub;

/// <summary>The few files of a repository that a pipeline needs: no other variants, formats, samples or pictures.</summary>
internal static class PipelineFileList
{
    private const long LongestIndex = 16 << 20;

    /// <summary>The weights that will be read, or the index of their shards.</summary>
    /// <exception cref="HubException">There are none.</exception>
    public static string Weights(HubRepositoryId repository, IReadOnlyCollection<string> files, string? variant)
    {
        WeightFiles.ThrowIfNoVariant(repository.Value, variant);
        var candidates = ModelLayout.Weights(variant).Select(name => $"{ModelLayout.UNet}/{name}").ToArray();
        return candidates.FirstOrDefault(files.Contains)
            ?? throw new HubException($"{repository}: found none of {string.Join(", ", candidates)} among its {files.Count} files");
    }

    /// <summary>The shards an index names.</summary>
    public static IReadOnlyList<string> Shards(string indexPath)
    {
        if (!indexPath.EndsWith(".json", StringComparison.Ordinal))
        {
            return [];
        }

        try
        {
            if (new FileInfo(indexPath).ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Length: > LongestIndex })
            {
                throw new HubException($"{indexPath}: the index has more than {LongestIndex} bytes");
            }

            using var json = JsonDocument.Parse(File.ReadAllBytes(indexPath), new JsonDocumentOptions { MaxDepth = 16 });
            var names = json.RootElement.GetProperty("weight_map").EnumerateObject().Select(entry => entry.Value.GetString() ?? "").ToHashSet(StringComparer.Ordinal);
            return [.. names.Select(name => name.Contains('/', StringComparison.Ordinal)
                ? throw new HubException($"{indexPath}: it names {Printable.Quote(name)}, expected files beside it")
                : $"{ModelLayout.UNet}/{name}")];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException($"{indexPath}: the index is not understood: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>Whether a snapshot has all of it.</summary>
    public static bool IsComplete(string snapshot, string? variant)
    {
        if (!ModelLayout.Configurations.All(file => File.Exists(Path.Combine(snapshot, file))))
        {
            return false;
        }

        var weights = ModelLayout.Weights(variant).Select(name => Path.Combine(snapshot, ModelLayout.UNet, name)).FirstOrDefault(File.Exists);
        return weights is not null && Shards(weights).All(shard => File.Exists(Path.Combine(snapshot, shard)));
    }
}
