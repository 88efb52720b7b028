using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli;

/// <summary>A network's configuration by the name of a preset, by its file, or by a model that has such a network.</summary>
internal static class NetworkSource
{
    /// <summary>What may stand for a network.</summary>
    public static string Forms { get; } = $"one of {string.Join(", ", NetworkPresets.Names)}, a network's config.json, or a model to take it from";

    /// <summary>Whether the words name a preset and no file or folder.</summary>
    public static bool IsPreset(string words) => NetworkPresets.Names.Contains(words) && !ModelLocation.IsOnDisk(words);

    /// <summary>Reads a configuration.</summary>
    /// <param name="words">A preset, a config.json, or anything that names a model.</param>
    /// <param name="console">Where to show a download's progress.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <exception cref="ConsistencyModelsException">There is none of that name, or it is refused.</exception>
    public static UNet2DConfig Load(string words, CliConsole console, CancellationToken cancellation)
    {
        if (IsPreset(words))
        {
            return NetworkPresets.Load(words);
        }

        if (File.Exists(words) && words.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return UNet2DConfig.Load(words);
        }

        if (!ModelLocation.IsOnDisk(words) && !ModelLocation.IsRemote(words))
        {
            throw new ConsistencyModelsException($"{words}: there is no such file or folder; expected {Forms}");
        }

        using var model = new ModelSettings { Name = words }.Open(console, cancellation);
        return model.Config;
    }
}
