using System.Numerics;
using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu;

/// <summary>What follows a matrix product while its result is in the cache.</summary>
internal static unsafe class Epilogue
{
    /// <summary>c = (c + bias + residual)·scale, through SiLU if asked.</summary>
    /// <param name="c">Row-major.</param>
    /// <param name="ldc">Distance of rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns, a multiple of 16.</param>
    /// <param name="bias">One value a column.</param>
    /// <param name="residual">Row-major, or null.</param>
    /// <param name="residualStride">Distance of the residual's rows.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="silu">Whether SiLU follows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(
        float* c, nint ldc, int rows, int columns, float* bias, float* residual, nint residualStride, float scale, bool silu)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var j = 0; j < columns; j += Vector<float>.Count)
            {
                var value = Vector.Load(c + j) + Vector.Load(bias + j);
                if (residual is not null)
                {
                    value += Vector.Load(residual + j);
                }

                if (scale != 1)
                {
                    value *= Vector.Create(scale);
                }

                (silu ? VectorMath.SiLU(value) : value).Store(c + j);
            }

            c += ldc;
            residual = residual is null ? null : residual + residualStride;
        }
    }
}
