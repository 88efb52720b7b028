using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;

namespace ConsistencyModels.Hub;

/// <summary>
/// The few files of a repository that a model needs: no other variants, formats, samples or pictures. A repository is a pipeline's,
/// one with <c>unet/</c>, or a network's own, as folders on disk are.
/// </summary>
internal static class PipelineFileList
{
    /// <summary>The configurations that a repository has, and where its weights are: "unet/", or "" beside the network's configuration.</summary>
    /// <exception cref="HubException">It has none.</exception>
    public static (IReadOnlyList<string> Configurations, string Folder) Configurations(HubRepositoryId repository, IReadOnlyCollection<string> files)
    {
        string[] there = [.. ModelLayout.Configurations.Where(files.Contains)];
        return there.Any(file => file != ModelLayout.SchedulerInPipeline) ? (there, $"{ModelLayout.UNet}/")
            : files.Contains(ModelLayout.NetworkConfig) ? ([ModelLayout.NetworkConfig], "")
            : throw new HubException($"{repository}: found neither {ModelLayout.Index} nor {ModelLayout.UNet}/{ModelLayout.NetworkConfig} nor {ModelLayout.NetworkConfig} among its {files.Count} files");
    }

    /// <summary>The weights that will be read, or the index of their shards.</summary>
    /// <exception cref="HubException">There are none.</exception>
    public static string Weights(HubRepositoryId repository, IReadOnlyCollection<string> files, string folder, string? variant)
    {
        WeightFiles.ThrowIfNoVariant(repository.Value, variant);
        var candidates = ModelLayout.Weights(variant).Select(name => folder + name).ToArray();
        return candidates.FirstOrDefault(files.Contains)
            ?? throw new HubException($"{repository}: found none of {string.Join(", ", candidates)} among its {files.Count} files");
    }

    /// <summary>The shards an index names.</summary>
    /// <param name="indexPath">The index, or a file of weights, which has none.</param>
    /// <param name="folder">Where in the repository it is.</param>
    public static IReadOnlyList<string> Shards(string indexPath, string folder)
    {
        if (!indexPath.EndsWith(ModelLayout.IndexEnding, StringComparison.Ordinal))
        {
            return [];
        }

        try
        {
            using var json = JsonFile.Parse(JsonFile.ReadBytes(indexPath));
            var names = json.RootElement.GetProperty("weight_map").EnumerateObject().Select(entry => entry.Value.GetString() ?? "").ToHashSet(StringComparer.Ordinal);
            return [.. names.Select(name => name.Contains('/', StringComparison.Ordinal)
                ? throw new HubException($"{indexPath}: it names {Printable.Quote(name)}, expected files beside it")
                : folder + name)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException($"{indexPath}: the index is not understood: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>Whether a snapshot has all of it.</summary>
    public static bool IsComplete(string snapshot, string? variant)
    {
        bool Has(string file) => Links.LeadsToFile(Path.Combine(snapshot, file));

        // A link to nothing is of a file that the repository has.
        bool IsGone(string file) => File.Exists(Path.Combine(snapshot, file)) && !Has(file);
        var folder = Has(ModelLayout.NetworkConfig) && !Has($"{ModelLayout.UNet}/{ModelLayout.NetworkConfig}") ? "" : $"{ModelLayout.UNet}/";

        // The scheduler comes before the network's configuration, so where there is only that the repository has none.
        if (ModelLayout.Configurations.Concat(ModelLayout.Weights(variant).Select(name => folder + name)).Any(IsGone))
        {
            return false;
        }

        if (Has(ModelLayout.Index) ? !ModelLayout.Configurations.All(Has) : !Has(folder + ModelLayout.NetworkConfig))
        {
            return false;
        }

        var weights = ModelLayout.Weights(variant).Select(name => Path.Combine(snapshot, folder + name)).FirstOrDefault(Links.LeadsToFile);
        return weights is not null && Shards(weights, folder).All(Has);
    }
}
