using System.Runtime.InteropServices;

namespace ConsistencyModels.Files;

/// <summary>
/// Hints to the system about pages. None is needed for correctness: where a call is missing or refused, nothing happens.
/// </summary>
internal static unsafe partial class Pages
{
    /// <summary>Size of a huge page.</summary>
    public const long Huge = 2L << 20;

    // Linux and macOS.
    private const int MadvWillNeed = 3;
    private const int MadvDontNeed = 4;

    // Linux.
    private const int MadvHugePage = 14;
    private const int MadvPopulateRead = 22; // 5.14

    /// <summary>
    /// Asks for huge pages: without them, streaming weights spends its time on address translation. Linux alone: Windows gives them to
    /// administrators, macOS on Arm to nobody, where a page has 16 KB to begin with.
    /// </summary>
    public static void PreferHuge(byte* start, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            Advise(start, length, MadvHugePage);
        }
    }

    /// <summary>
    /// Maps a file's pages in one call. Left to page faults, this takes an exception for every 64 KB: half a second instead of
    /// 30 ms a gigabyte, measured. Windows and macOS are asked to read them ahead.
    /// </summary>
    public static void Populate(byte* start, long length)
    {
        if (OperatingSystem.IsWindows())
        {
            var range = (Start: (nint)start, Length: (nint)length);
            _ = PrefetchVirtualMemory(-1, 1, &range, 0);
        }
        else if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            Advise(start, length, OperatingSystem.IsLinux() ? MadvPopulateRead : MadvWillNeed);
        }
    }

    /// <summary>Lets the pages of a mapped file that lie wholly inside the range leave resident memory. They are read again when they are used.</summary>
    public static void Drop(byte* start, long length)
    {
        // Inwards: the pages at both ends also hold the neighbours.
        var page = (nuint)Environment.SystemPageSize;
        var first = ((nuint)start + page - 1) / page * page;
        var last = (nuint)(start + length) / page * page;
        if (last <= first)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            _ = VirtualUnlock((void*)first, last - first); // of pages that were never locked: they leave the working set
        }
        else if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            _ = Madvise((void*)first, last - first, MadvDontNeed);
        }
    }

    private static void Advise(byte* start, long length, int advice)
    {
        if (length > 0)
        {
            var page = (nuint)Environment.SystemPageSize;
            var first = (nuint)start / page * page;
            _ = Madvise((void*)first, (nuint)start + (nuint)length - first, advice);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);

    [LibraryImport("kernel32", EntryPoint = "PrefetchVirtualMemory")]
    private static partial int PrefetchVirtualMemory(nint process, nuint ranges, void* first, uint flags);

    [LibraryImport("kernel32", EntryPoint = "VirtualUnlock")]
    private static partial int VirtualUnlock(void* address, nuint length);
}
