namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// Dropout by a generator without state: whether an element stays depends on the seed, the layer and the element's number alone, so a mask
/// is the same whatever threads and parts of a batch there are, and is made again where it is needed. Numbers are those of SplitMix64
/// (G. Steele, D. Lea, C. Flood, OOPSLA 2014), each of which serves two elements.
/// </summary>
internal static unsafe class DropoutKernel
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>A stream of numbers for a layer in a pass.</summary>
    public static ulong Key(long seed, int layer) => Mix(Mix((ulong)seed + Golden) + ((ulong)layer * Golden));

    /// <summary>Sets elements to 0 with that probability and scales the others up.</summary>
    /// <param name="x">Changed.</param>
    /// <param name="count">A multiple of 2.</param>
    /// <param name="key">From <see cref="Key"/>.</param>
    /// <param name="first">Number of the first element, a multiple of 2.</param>
    /// <param name="probability">In [0, 1).</param>
    public static void Apply(float* x, int count, ulong key, long first, double probability)
    {
        var limit = (uint)Math.Min(uint.MaxValue, Math.Round(probability * (1L << 32)));
        var scale = (float)(1 / (1 - probability));
        for (var i = 0; i < count; i += 2)
        {
            var bits = Mix(key + ((ulong)(first + i) * Golden));
            x[i] = (uint)bits < limit ? 0 : x[i] * scale;
            x[i + 1] = (uint)(bits >> 32) < limit ? 0 : x[i + 1] * scale;
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
