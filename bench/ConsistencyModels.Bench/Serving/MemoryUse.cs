using System.Diagnostics;

namespace ConsistencyModels.Bench.Serving;

/// <summary>A process's memory when it has nothing to do.</summary>
/// <param name="Live">Bytes of objects that something still holds.</param>
/// <param name="Committed">Bytes of the collector's heap, with what it keeps free for the next objects.</param>
/// <param name="Resident">Bytes of the process in memory, arenas and code included.</param>
internal sealed record MemoryUse(long Live, long Committed, long Resident)
{
    /// <summary>Waits until no more than so many bytes are live, or for as long as it is ready to: connections are put away in the background.</summary>
    public static async Task<MemoryUse> AtRestAsync(long live, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        var use = Now();
        while (use.Live > live && clock.Elapsed < patience)
        {
            await Task.Delay(200);
            use = Now();
        }

        return use;
    }

    private static MemoryUse Now()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var live = GC.GetTotalMemory(forceFullCollection: true);
        return new(live, GC.GetGCMemoryInfo(GCKind.FullBlocking).TotalCommittedBytes, ChildProcess.ResidentKilobytes() * 1024);
    }
}
