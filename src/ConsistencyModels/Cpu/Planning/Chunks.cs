namespace ConsistencyModels.Cpu.Planning;

/// <summary>Sizes of chunks: large enough that taking one costs nothing, small enough that threads end together.</summary>
internal static class Chunks
{
    private const double Operations = 1e6; // some 10 µs
    private const double TrafficBytes = 128 << 10;

    /// <summary>How many units of work make a chunk, by multiply-adds.</summary>
    public static int ByOperations(double operationsOfUnit, int units) => Clamp(Operations / operationsOfUnit, units);

    /// <summary>How many units of work make a chunk, by bytes read and written.</summary>
    public static int ByBytes(double bytesOfUnit, int units) => Clamp(TrafficBytes / bytesOfUnit, units);

    /// <summary>How many chunks of that size there are.</summary>
    public static int Count(int units, int size) => (units + size - 1) / size;

    private static int Clamp(double size, int units) => (int)Math.Clamp(size, 1, Math.Max(1, units));
}
