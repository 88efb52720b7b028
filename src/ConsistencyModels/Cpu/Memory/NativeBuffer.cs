using System.Runtime.InteropServices;

namespace ConsistencyModels.Cpu;

/// <summary>
/// Aligned memory outside the managed heap: it neither moves nor is scanned, and goes back to the system when disposed.
/// Large buffers ask for huge pages, without which streaming weights spends its time on address translation.
/// </summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    private const int CacheLine = 64;
    private const long HugePage = 2L << 20;
    private const int MadvHugePage = 14; // Linux

    private static long _liveBytes;

    private void* _pointer;

    /// <summary>Allocates; the contents are undefined.</summary>
    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var huge = bytes >= 2 * HugePage;
        var alignment = huge ? HugePage : CacheLine;
        Length = Math.Max(CacheLine, (bytes + alignment - 1) / alignment * alignment);
        _pointer = NativeMemory.AlignedAlloc((nuint)Length, (nuint)alignment);
        if (huge && OperatingSystem.IsLinux())
        {
            _ = Madvise(_pointer, (nuint)Length, MadvHugePage); // a hint: if refused, pages are small
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

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);

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
