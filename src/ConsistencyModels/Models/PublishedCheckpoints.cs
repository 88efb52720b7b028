namespace ConsistencyModels.Models;

/// <summary>The checkpoints that openai published with the paper (README of openai/consistency_models), by name.</summary>
public static class PublishedCheckpoints
{
    private const string Base = "https://openaipublic.blob.core.windows.net/consistency/";

    /// <summary>Their names, which are also their files' names without ".pt".</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "edm_imagenet64_ema", "cd_imagenet64_l2", "cd_imagenet64_lpips", "ct_imagenet64",
        "edm_bedroom256_ema", "cd_bedroom256_l2", "cd_bedroom256_lpips", "ct_bedroom256",
        "edm_cat256_ema", "cd_cat256_l2", "cd_cat256_lpips", "ct_cat256",
    ];

    /// <summary>The address of a checkpoint, by its name with or without ".pt"; null if none is called so.</summary>
    public static Uri? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var stem = name.EndsWith(".pt", StringComparison.Ordinal) ? name[..^3] : name;
        return Names.Contains(stem) ? new Uri($"{Base}{stem}.pt") : null;
    }
}
