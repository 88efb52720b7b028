using System.Runtime.InteropServices;

namespace ConsistencyModels.Cpu.Memory;

/// <summary>
/// Aligned memory outside the managed heap: it neither moves nor is scanned, and goes back to the system when disposed.
/// Large buffers ask for huge pages.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int CacheLine = 64;

    private static long _liveBytes;

    private void* _pointer;

    /// <summary>Allocates; the contents are undefined.</summary>
    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var huge = bytes >= 2 * Pages.Huge;
        var alignment = huge ? Pages.Huge : CacheLine;
        Length = Math.Max(CacheLine, (bytes + alignment - 1) / alignment * alignment);
        _pointer = NativeMemory.AlignedAlloc((nuint)Length, (nuint)alignment);
        if (huge)
        {
            Pages.PreferHuge(Pointer, Length);
        }

        Interlocked.Add(ref _liveBytes, Length);
    }

    /// <summary>Frees what was never disposed.</summary>
    ~NativeBuffer() => Free();

    /// <summary>Bytes in all buffers of the process that are not disposed.</summary>
    public static long LiveBytes => Interlocked.Read(ref _liveBytes);

    /// <summary>Bytes, a little more than asked for.</summary>
    public long Length { get; }

    /// <summary>The memory; the owner keeps this object alive while it is used.</summary>
    public byte* Pointer => (byte*)_pointer;

    /// <summary>The memory as floats.</summary>
    public float* Floats => (float*)_pointer;

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_pointer is not null)
        {
            NativeMemory.AlignedFree(_pointer);
            _pointer = null;
            Interlocked.Add(ref _liveBytes, -Length);
        }
    }
}

/// <summary>
/// Hints to the system about pages. None is needed for correctness: where a call is missing or refused, nothing happens.
/// </summary>
internal static unsafe partial class Pages
{
    /// <summary>Size of a huge page.</summary>
    public const long Huge = 2L << 20;

    private const int MadvHugePage = 14; // Linux
    private const int MadvPopulateRead = 22; // Linux 5.14

    /// <summary>Asks for huge pages: without them, streaming weights spends its time on address translation.</summary>
    public static void PreferHuge(byte* start, long length) => Advise(start, length, MadvHugePage);

    /// <summary>
    /// Maps a file's pages in one call. Left to page faults, this takes an exception for every 64 KB: half a second instead of
    /// 30 ms a gigabyte, measured.
    /// </summary>
    public static void Populate(byte* start, long length) => Advise(start, length, MadvPopulateRead);

    private static void Advise(byte* start, long length, int advice)
    {
        if (!OperatingSystem.IsLinux() || length <= 0)
        {
            return;
        }

        var page = (nuint)Environment.SystemPageSize;
        var first = (nuint)start / page * page;
        _ = Madvise((void*)first, (nuint)start + (nuint)length - first, advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);
}
