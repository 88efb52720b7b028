using System.Numerics.Tensors;

namespace ConsistencyModels.Evaluation.Numerics;

/// <summary>
/// A = L·Lᵀ of a symmetric positive semidefinite matrix that may be singular: the largest remaining diagonal goes first, and the
/// factor ends where what remains is rounding (Higham, Accuracy and Stability of Numerical Algorithms, section 10.3).
/// </summary>
internal static class PivotedCholesky
{
    /// <summary>The factor's transpose, rank rows of n numbers.</summary>
    /// <param name="matrix">n x n; only read.</param>
    /// <param name="n">Its size.</param>
    /// <param name="rank">Rows of the result, 0 for a matrix of zeros.</param>
    public static double[] Factor(double[] matrix, int n, out int rank)
    {
        var factor = new double[n * n]; // row i is L's row i: what was found for the i-th variable
        var remaining = new double[n];
        for (var i = 0; i < n; i++)
        {
            remaining[i] = matrix[(i * n) + i];
        }

        var used = new bool[n];
        var negligible = n * (double.BitIncrement(1) - 1);
        negligible *= n == 0 ? 0 : Math.Max(0, TensorPrimitives.Max<double>(remaining));
        for (rank = 0; rank < n; rank++)
        {
            var pivot = Largest(remaining, used);
            if (!(remaining[pivot] > negligible))
            {
                break;
            }

            used[pivot] = true;
            var (column, root) = (rank, Math.Sqrt(remaining[pivot]));
            factor[(pivot * n) + column] = root;
            Ranges.Parallel(n, column, (first, end) =>
            {
                for (var i = first; i < end; i++)
                {
                    if (!used[i])
                    {
                        var known = TensorPrimitives.Dot<double>(factor.AsSpan(i * n, column), factor.AsSpan(pivot * n, column));
                        var value = (matrix[(i * n) + pivot] - known) / root;
                        factor[(i * n) + column] = value;
                        remaining[i] -= value * value;
                    }
                }
            });
        }

        var transposed = new double[rank * n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < rank; j++)
            {
                transposed[(j * n) + i] = factor[(i * n) + j];
            }
        }

        return transposed;
    }

    private static int Largest(double[] values, bool[] used)
    {
        var best = -1;
        for (var i = 0; i < values.Length; i++)
        {
            if (!used[i] && (best < 0 || values[i] > values[best]))
            {
                best = i;
            }
        }

        return best;
    }
}
