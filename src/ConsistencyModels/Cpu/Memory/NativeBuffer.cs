using System.Runtime.InteropServices;
using ConsistencyModels.Files;

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
