namespace ConsistencyModels.Cpu;

/// <summary>What only the CPU engine can be told; see also <see cref="Networks.EngineOptions"/>.</summary>
public sealed record CpuEngineOptions
{
    /// <summary>Default of <see cref="PackedCacheBytes"/>: 16 GiB.</summary>
    public const long DefaultPackedCacheBytes = 16L << 30;

    /// <summary>Default of <see cref="ActivationBytes"/>: 768 MiB.</summary>
    public const long DefaultActivationBytes = 768L << 20;

    /// <summary>Speed or memory.</summary>
    public CpuMemory Memory { get; init; }

    /// <summary>
    /// Most bytes of activations of all calls of a network together, those under way and what is kept for the next ones: at least 0.
    /// Calls at once share it; a batch that does not fit its part goes through in smaller ones, with the same results. One image of
    /// each call under way is always granted.
    /// </summary>
    public long ActivationBytes { get; init; } = DefaultActivationBytes;

    /// <summary>
    /// Whether packed weights of large networks (64 MiB and more) are kept on disk, for the next process to map instead of
    /// packing again. The file is written in the background after loading, out of the calls' way (<see cref="CpuUNet.WhenSaved"/>);
    /// disposing the network waits for it.
    /// </summary>
    public bool PackedCache { get; init; } = true;

    /// <summary>
    /// Where they are kept. Null: the folder in the environment variable CM_PACKED_CACHE, or none if that is "off"; else
    /// "packed" under CM_CACHE, or "consistency-models/packed" under XDG_CACHE_HOME, ~/.cache, or %LOCALAPPDATA% on Windows.
    /// </summary>
    public string? PackedCacheFolder { get; init; }

    /// <summary>Most bytes of all files there; those used longest ago are removed.</summary>
    public long PackedCacheBytes { get; init; } = DefaultPackedCacheBytes;

    /// <summary>Packed weights smaller than this are not kept.</summary>
    internal long PackedCacheLeastBytes { get; init; } = Caching.PackedCache.Worthwhile;
}

/// <summary>What the CPU engine trades memory for.</summary>
public enum CpuMemory
{
    /// <summary>Weights are kept in float32, packed for speed: about twice the size of the float32 weights.</summary>
    Normal,

    /// <summary>
    /// Packed weights are kept in half precision: about the size of the float32 weights. Outputs then differ by up to
    /// a hundredth of their scale, and widening makes a call for one image take 1.1 to 1.3 times as long.
    /// </summary>
    Low,
}
