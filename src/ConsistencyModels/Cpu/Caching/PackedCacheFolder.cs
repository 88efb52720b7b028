namespace ConsistencyModels.Cpu.Caching;

/// <summary>Where packed weights are kept for this user.</summary>
internal static class PackedCacheFolder
{
    /// <summary>"off", or a folder.</summary>
    public const string Variable = "CM_PACKED_CACHE";

    private const string AllCaches = "CM_CACHE";

    /// <summary>The folder; null if the user wants no cache or has no home.</summary>
    public static string? Default(Func<string, string?> variable)
    {
        string? Get(string name) => variable(name) is { Length: > 0 } value ? value : null;

        if (Get(Variable) is { } chosen)
        {
            return chosen.ToUpperInvariant() is "OFF" or "0" or "NO" or "FALSE" ? null : Path.GetFullPath(chosen);
        }

        var local = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? Path.Combine(home, ".cache") : "";
        var caches = Get("XDG_CACHE_HOME") ?? local;
        var ours = Get(AllCaches) ?? (caches.Length > 0 ? Path.Combine(caches, "consistency-models") : null);
        return ours is null ? null : Path.GetFullPath(Path.Combine(ours, "packed"));
    }
}
