using System.Reflection;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli;

/// <summary>Network configurations by file, by folder, or by the name of one that comes with the program.</summary>
internal static class NetworkSource
{
    private const string Prefix = "network/";

    /// <summary>Names of the configurations that come with the program, smallest first.</summary>
    public static IReadOnlyList<string> Presets { get; } = ["tiny32", "tiles32", "base32", "base64", "imagenet64", "lsun256"];

    /// <summary>Whether the words name one of <see cref="Presets"/> and no file or folder.</summary>
    public static bool IsPreset(string words) => Presets.Contains(words) && !File.Exists(words) && !Directory.Exists(words);

    /// <summary>Reads a configuration.</summary>
    /// <param name="words">A config.json, a folder of a model or of its network, or a preset.</param>
    /// <exception cref="ConsistencyModelsException">There is none of that name, or it is refused.</exception>
    public static UNet2DConfig Load(string words)
    {
        if (File.Exists(words))
        {
            return UNet2DConfig.Load(words);
        }

        if (Directory.Exists(words))
        {
            return UNet2DConfig.Load(Path.Combine(NetworkFolder(words), "config.json"));
        }

        return Presets.Contains(words)
            ? UNet2DConfig.FromJson(Embedded(words), $"preset {words}")
            : throw new ConsistencyModelsException($"{words}: there is no such file or folder; expected a config.json, a model's folder, or one of {string.Join(", ", Presets)}");
    }

    /// <summary>The folder of the network: <c>unet/</c> of a pipeline, or the folder itself.</summary>
    public static string NetworkFolder(string folder)
    {
        var unet = Path.Combine(folder, "unet");
        return Directory.Exists(unet) ? unet : folder;
    }

    private static string Embedded(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"The preset {name} is not part of the program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
