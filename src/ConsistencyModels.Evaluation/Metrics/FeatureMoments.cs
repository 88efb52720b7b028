using ConsistencyModels.Evaluation.Numerics;

namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// Mean and covariance of features that come in pieces, in float64. Vectors are taken a block at a time about the block's own mean, and
/// blocks are put together as Chan, Golub and LeVeque do (1979): nothing cancels, however far the mean is from zero. The result does
/// not depend on the pieces that the features came in, nor on threads.
/// </summary>
/// <param name="length">Numbers in a vector, at least 1.</param>
public sealed class FeatureMoments(int length)
{
    // 512 vectors of 2,048 doubles take 8 MB.
    private const int BlockRows = 512;

    private readonly float[] _waiting = new float[BlockRows * length];
    private readonly double[] _mean = new double[length];
    private readonly double[] _scatter = new double[checked(length * length)]; // the upper triangle
    private double[] _columns = []; // a block transposed, about its own mean
    private int _rows;

    /// <summary>How many vectors were added.</summary>
    public long Count { get; private set; }

    /// <summary>Adds vectors.</summary>
    /// <param name="vectors">Any number of them, one after another.</param>
    /// <exception cref="ArgumentException">They are no whole number of vectors.</exception>
    public void Add(ReadOnlySpan<float> vectors)
    {
        if (vectors.Length % length != 0)
        {
            throw new ArgumentException($"{vectors.Length} values are no vectors of {length}.", nameof(vectors));
        }

        Count += vectors.Length / length;
        while (vectors.Length > 0)
        {
            var taken = Math.Min(vectors.Length, (BlockRows - _rows) * length);
            vectors[..taken].CopyTo(_waiting.AsSpan(_rows * length));
            vectors = vectors[taken..];
            _rows += taken / length;
            if (_rows == BlockRows)
            {
                Merge(_mean, _scatter, Count - BlockRows - (vectors.Length / length));
                _rows = 0;
            }
        }
    }

    /// <summary>The statistics of all vectors so far; more may be added afterwards.</summary>
    /// <exception cref="ConsistencyModelsException">There are fewer than two.</exception>
    public FeatureStatistics ToStatistics()
    {
        if (Count < 2)
        {
            throw new ConsistencyModelsException($"{Count} image{(Count == 1 ? "" : "s")}: a covariance needs at least 2");
        }

        // A block that is not full yet stays as it is: it may become full.
        var (mean, covariance) = _rows == 0 ? ((double[])_mean.Clone(), (double[])_scatter.Clone()) : Finished();
        for (var i = 0; i < length; i++)
        {
            for (var j = i; j < length; j++)
            {
                var value = covariance[(i * length) + j] / (Count - 1);
                covariance[(i * length) + j] = value;
                covariance[(j * length) + i] = value;
            }
        }

        return new(mean, covariance, Count);
    }

    private (double[] Mean, double[] Scatter) Finished()
    {
        var (mean, scatter) = ((double[])_mean.Clone(), (double[])_scatter.Clone());
        Merge(mean, scatter, Count - _rows);
        return (mean, scatter);
    }

    private void Merge(double[] mean, double[] scatter, long before)
    {
        var (rows, total) = (_rows, before + _rows);
        _columns = _columns.Length > 0 ? _columns : new double[BlockRows * length];
        var columns = _columns;
        var apart = new double[length];
        Ranges.Parallel(length, 4 * rows, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                var column = columns.AsSpan(i * rows, rows);
                var sum = 0.0;
                for (var row = 0; row < rows; row++)
                {
                    column[row] = _waiting[(row * length) + i];
                    sum += column[row];
                }

                var center = sum / rows;
                for (var row = 0; row < rows; row++)
                {
                    column[row] -= center;
                }

                apart[i] = center - mean[i];
            }
        });
        AddProducts(columns, rows, scatter, apart, (double)before * rows / total);
        for (var i = 0; i < length; i++)
        {
            mean[i] += apart[i] * rows / total;
        }
    }

    // scatter += columns·columnsᵀ + weight·apart·apartᵀ in blocks of the upper triangle.
    private void AddProducts(double[] columns, int rows, double[] scatter, double[] apart, double weight)
    {
        const int Block = RowProducts.Block;
        var blocks = (length + Block - 1) / Block;
        Parallel.For(0, blocks * (blocks + 1) / 2, () => new double[Block * Block], (number, _, products) =>
        {
            var (i, j) = Pair(number, blocks);
            var (height, width) = (Math.Min(Block, length - (i * Block)), Math.Min(Block, length - (j * Block)));
            RowProducts.Multiply<double>(columns.AsSpan(i * Block * rows, height * rows), columns.AsSpan(j * Block * rows, width * rows), rows, products, Block);
            for (var y = 0; y < height; y++)
            {
                var row = (i * Block) + y;
                for (var x = 0; x < width; x++)
                {
                    var column = (j * Block) + x;
                    scatter[(row * length) + column] += products[(y * Block) + x] + (weight * apart[row] * apart[column]);
                }
            }

            return products;
        }, static _ => { });
    }

    // The number-th of the pairs i ≤ j, row by row.
    private static (int I, int J) Pair(int number, int blocks)
    {
        for (var i = 0; ; i++)
        {
            if (number < blocks - i)
            {
                return (i, i + number);
            }

            number -= blocks - i;
        }
    }
}
