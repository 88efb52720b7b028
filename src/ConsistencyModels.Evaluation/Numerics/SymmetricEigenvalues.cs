using System.Numerics.Tensors;

namespace ConsistencyModels.Evaluation.Numerics;

/// <summary>
/// Eigenvalues of a symmetric matrix, without vectors: Householder's reduction to three diagonals, then the QL algorithm with implicit
/// shifts (Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3).
/// </summary>
internal static class SymmetricEigenvalues
{
    private const int MostIterations = 60;

    /// <summary>The eigenvalues, in no order.</summary>
    /// <param name="a">n x n; it is overwritten.</param>
    /// <param name="n">Its size.</param>
    /// <exception cref="ConsistencyModelsException">A number is not finite.</exception>
    public static double[] Of(double[] a, int n)
    {
        var diagonal = new double[n];
        var beside = new double[n]; // beside[i] stands between i and i + 1
        Reduce(a, n, diagonal, beside);
        Iterate(diagonal, beside);
        return diagonal;
    }

    // Step k takes column k to the form (d, e, 0, ...) by H = I - τ v vᵀ. The rest becomes A - v wᵀ - w vᵀ; the pass over it that
    // does so already forms its product with the next v, so that the matrix goes through the cache once a step.
    private static void Reduce(double[] a, int n, double[] diagonal, double[] beside)
    {
        double[] v = new double[n], w = new double[n], next = new double[n], product = new double[n];
        for (var k = 0; k < n; k++)
        {
            // Row k as the steps before have left it; what stands in memory lacks the last one, which v and w say.
            var row = a.AsSpan(k * n, n);
            Update(row[k..], v.AsSpan(k), w.AsSpan(k), v[k], w[k]);
            diagonal[k] = row[k];
            if (k == n - 1)
            {
                break;
            }

            row[(k + 1)..].CopyTo(next.AsSpan(k + 1));
            var tau = Reflector(next.AsSpan(k + 1), out beside[k]);
            var (start, rows) = (k + 1, n - k - 1);
            Ranges.Parallel(rows, 3 * rows, (first, end) =>
            {
                for (var i = start + first; i < start + end; i++)
                {
                    var rest = a.AsSpan((i * n) + start, rows);
                    Update(rest, v.AsSpan(start), w.AsSpan(start), v[i], w[i]);
                    product[i] = tau * TensorPrimitives.Dot<double>(rest, next.AsSpan(start));
                }
            });
            next.AsSpan(start).CopyTo(v.AsSpan(start));
            var part = tau / 2 * TensorPrimitives.Dot<double>(product.AsSpan(start), v.AsSpan(start));
            TensorPrimitives.MultiplyAdd(v.AsSpan(start), -part, product.AsSpan(start), w.AsSpan(start));
        }
    }

    // row -= vᵢ·w + wᵢ·v
    private static void Update(Span<double> row, ReadOnlySpan<double> v, ReadOnlySpan<double> w, double vi, double wi)
    {
        TensorPrimitives.MultiplyAdd(w, -vi, row, row);
        TensorPrimitives.MultiplyAdd(v, -wi, row, row);
    }

    // x becomes v, of any length, with (I - τ v vᵀ) x = (alpha, 0, ...).
    private static double Reflector(Span<double> x, out double alpha)
    {
        var norm = TensorPrimitives.Norm<double>(x);
        if (norm == 0)
        {
            alpha = 0;
            return 0;
        }

        alpha = x[0] > 0 ? -norm : norm;
        x[0] -= alpha;
        return -1 / (alpha * x[0]);
    }

    private static void Iterate(double[] d, double[] e)
    {
        for (var l = 0; l < d.Length; l++)
        {
            for (var iteration = 0; ; iteration++)
            {
                var m = l;
                while (m < d.Length - 1 && Math.Abs(e[m]) > (double.BitIncrement(1) - 1) * (Math.Abs(d[m]) + Math.Abs(d[m + 1])))
                {
                    m++;
                }

                if (m == l)
                {
                    break;
                }

                if (iteration == MostIterations || !double.IsFinite(d[l]) || !double.IsFinite(e[l]))
                {
                    throw new ConsistencyModelsException("the eigenvalues of a covariance were not found: its numbers are not finite, or of very different sizes");
                }

                Rotate(d, e, l, m);
            }
        }
    }

    // One QL step on the block l to m.
    private static void Rotate(double[] d, double[] e, int l, int m)
    {
        var g = (d[l + 1] - d[l]) / (2 * e[l]);
        var r = double.Hypot(g, 1);
        g = d[m] - d[l] + (e[l] / (g + double.CopySign(r, g)));
        double s = 1, c = 1, p = 0;
        for (var i = m - 1; i >= l; i--)
        {
            var (f, b) = (s * e[i], c * e[i]);
            r = double.Hypot(f, g);
            e[i + 1] = r;
            if (r == 0)
            {
                // The block falls apart here.
                d[i + 1] -= p;
                e[m] = 0;
                return;
            }

            (s, c) = (f / r, g / r);
            g = d[i + 1] - p;
            r = ((d[i] - g) * s) + (2 * c * b);
            p = s * r;
            d[i + 1] = g + p;
            g = (c * r) - b;
        }

        d[l] -= p;
        e[l] = g;
        e[m] = 0;
    }
}
