using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// Columns of a panel lie in a checkpoint as rows: turning them is most of packing's work beside reading and writing.
/// </summary>
internal static unsafe class PanelRows
{
    /// <summary>target[16·j + i] = columns[i][j].</summary>
    /// <param name="columns">16 pointers; null for zeros.</param>
    /// <param name="length">Elements of each.</param>
    /// <param name="target">Rows of 16 floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float** columns, int length, float* target)
    {
        for (var i = 0; i < Gemm.PanelWidth; i += 4)
        {
            float* c0 = columns[i], c1 = columns[i + 1], c2 = columns[i + 2], c3 = columns[i + 3];
            var j = 0;
            if ((Sse.IsSupported || AdvSimd.Arm64.IsSupported) && c0 is not null && c1 is not null && c2 is not null && c3 is not null)
            {
                for (; j + 4 <= length; j += 4)
                {
                    Block(
                        Vector128.Load(c0 + j), Vector128.Load(c1 + j), Vector128.Load(c2 + j), Vector128.Load(c3 + j),
                        target + (j * Gemm.PanelWidth) + i);
                }
            }

            for (; j < length; j++)
            {
                var row = target + (j * Gemm.PanelWidth) + i;
                row[0] = c0 is null ? 0 : c0[j];
                row[1] = c1 is null ? 0 : c1[j];
                row[2] = c2 is null ? 0 : c2[j];
                row[3] = c3 is null ? 0 : c3[j];
            }
        }
    }

    /// <summary>The way back, for gradients: columns[i][j] += source[16·j + i].</summary>
    /// <param name="source">Rows of 16 floats.</param>
    /// <param name="length">Rows.</param>
    /// <param name="columns">16 pointers; null for those that nobody wants.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddTransposed(float* source, int length, float** columns)
    {
        var block = stackalloc float[16];
        for (var i = 0; i < Gemm.PanelWidth; i += 4)
        {
            var j = 0;
            if (columns[i] is not null && columns[i + 1] is not null && columns[i + 2] is not null && columns[i + 3] is not null)
            {
                for (; j + 4 <= length; j += 4)
                {
                    Turn4(source + (j * Gemm.PanelWidth) + i, Gemm.PanelWidth, block, 4);
                    for (var c = 0; c < 4; c++)
                    {
                        var target = columns[i + c] + j;
                        (Vector128.Load(target) + Vector128.Load(block + (4 * c))).Store(target);
                    }
                }
            }

            for (; j < length; j++)
            {
                for (var c = 0; c < 4; c++)
                {
                    if (columns[i + c] is not null)
                    {
                        columns[i + c][j] += source[(j * Gemm.PanelWidth) + i + c];
                    }
                }
            }
        }
    }

    /// <summary>Copies a row-major matrix to panels of 16 columns.</summary>
    /// <param name="source">First row.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="panels">Panels.</param>
    /// <param name="target">First panel: rows of 16.</param>
    /// <param name="panelStride">Distance of panels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint stride, int rows, int panels, float* target, nint panelStride)
    {
        for (var row = 0; row < rows; row++)
        {
            var to = target + (row * Gemm.PanelWidth);
            for (var panel = 0; panel < panels; panel++)
            {
                Vector512.Load(source + (panel * Gemm.PanelWidth)).Store(to);
                to += panelStride;
            }

            source += stride;
        }
    }

    /// <summary>A block of 16 rows of 16 floats turned: target[16·j + i] = source[16·i + j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Turn(float* source, float* target)
    {
        for (var i = 0; i < Gemm.PanelWidth; i += 4)
        {
            for (var j = 0; j < Gemm.PanelWidth; j += 4)
            {
                Turn4(source + (i * Gemm.PanelWidth) + j, Gemm.PanelWidth, target + (j * Gemm.PanelWidth) + i, Gemm.PanelWidth);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn4(float* source, nint sourceStride, float* target, nint targetStride)
    {
        if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
        {
            Vector128<float> r0 = Vector128.Load(source), r1 = Vector128.Load(source + sourceStride);
            Vector128<float> r2 = Vector128.Load(source + (2 * sourceStride)), r3 = Vector128.Load(source + (3 * sourceStride));
            var (a, b) = (Low(r0, r2), High(r0, r2));
            var (c, d) = (Low(r1, r3), High(r1, r3));
            Low(a, c).Store(target);
            High(a, c).Store(target + targetStride);
            Low(b, d).Store(target + (2 * targetStride));
            High(b, d).Store(target + (3 * targetStride));
            return;
        }

        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                target[(j * targetStride) + i] = source[(i * sourceStride) + j];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(Vector128<float> r0, Vector128<float> r1, Vector128<float> r2, Vector128<float> r3, float* target)
    {
        var (a, b) = (Low(r0, r2), High(r0, r2));
        var (c, d) = (Low(r1, r3), High(r1, r3));
        Low(a, c).Store(target);
        High(a, c).Store(target + Gemm.PanelWidth);
        Low(b, d).Store(target + (2 * Gemm.PanelWidth));
        High(b, d).Store(target + (3 * Gemm.PanelWidth));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
