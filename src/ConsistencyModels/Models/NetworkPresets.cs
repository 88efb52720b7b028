using ConsistencyModels.Networks;

namespace ConsistencyModels.Models;

/// <summary>Configurations of networks that come with the library: small ones for tests and training on a CPU, and the published ones.</summary>
public static class NetworkPresets
{
    private const string Prefix = "network/";

    /// <summary>Their names, smallest first. imagenet64 and lsun256 are the networks of openai's checkpoints.</summary>
    public static IReadOnlyList<string> Names { get; } = ["tiny32", "mnist28", "tiles32", "emoji64", "base32", "base64", "imagenet64", "lsun256"];

    /// <summary>Reads one.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static UNet2DConfig Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        using var stream = typeof(NetworkPresets).Assembly.GetManifestResourceStream(Prefix + name)
            ?? throw new ArgumentException($"There is no network preset \"{name}\", expected one of {string.Join(", ", Names)}.", nameof(name));
        using var reader = new StreamReader(stream);
        return UNet2DConfig.FromJson(reader.ReadToEnd(), $"preset {name}");
    }
}
