using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>What follows a matrix product while its result is in the cache.</summary>
internal static unsafe class Epilogue
{
    /// <summary>c = (c + bias + residual)·scale, through SiLU if asked.</summary>
    /// <param name="c">Row-major.</param>
    /// <param name="ldc">Distance of rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns, a multiple of 16.</param>
    /// <param name="bias">One value per column.</param>
    /// <param name="residual">Row-major, or null.</param>
    /// <param name="residualStride">Distance of the residual's rows.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="silu">Whether SiLU follows.</param>
    public static void Apply(
        float* c, nint ldc, int rows, int columns, float* bias, float* residual, nint residualStride, float scale, bool silu)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Apply<Floats512>(c, ldc, rows, columns, bias, residual, residualStride, scale, silu);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Apply<Floats256>(c, ldc, rows, columns, bias, residual, residualStride, scale, silu);
        }
        else
        {
            Apply<Floats128>(c, ldc, rows, columns, bias, residual, residualStride, scale, silu);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<T>(
        float* c, nint ldc, int rows, int columns, float* bias, float* residual, nint residualStride, float scale, bool silu)
        where T : unmanaged, IFloats<T>
    {
        for (var row = 0; row < rows; row++)
        {
            for (var j = 0; j < columns; j += T.Count)
            {
                var value = T.Load(c + j) + T.Load(bias + j);
                if (residual is not null)
                {
                    value += T.Load(residual + j);
                }

                if (scale != 1)
                {
                    value *= T.Create(scale);
                }

                T.Store(silu ? VectorMath.SiLU(value) : value, c + j);
            }

            c += ldc;
            residual = residual is null ? null : residual + residualStride;
        }
    }
}
