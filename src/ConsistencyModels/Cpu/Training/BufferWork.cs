using System.Numerics.Tensors;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Training;

/// <summary>Arithmetic on flat buffers, shared out to threads in pieces that do not depend on how many there are. Allocates nothing.</summary>
/// <param name="region">The threads; not entered by anyone meanwhile.</param>
internal sealed unsafe class BufferWork(WorkRegion region) : IParallelWork
{
    private const int Piece = 1 << 15;

    // What is read by several operations in turn stays in the first cache.
    private const int Block = 1024;

    private BufferOperation _operation;
    private float* _target;
    private float* _source;
    private float* _first;
    private float* _second;
    private long _length;
    private float _factor;
    private AdaptiveStep _step;
    private IReadOnlyList<(nint Values, float Weight)> _followers = [];
    private double[] _sums = [];

    /// <summary>An operation of one buffer, or of two.</summary>
    public void Run(BufferOperation operation, float* target, long length, float* source = null, double factor = 0)
    {
        (_operation, _length, _factor) = (operation, length, (float)factor);
        _target = target;
        _source = source;
        Run();
    }

    /// <summary>A step of an adaptive optimizer.</summary>
    public void Adapt(float* parameters, float* gradients, float* first, float* second, long length, AdaptiveStep step)
    {
        (_operation, _length, _step) = (BufferOperation.Adapt, length, step);
        _target = parameters;
        _source = gradients;
        _first = first;
        _second = second;
        Run();
    }

    /// <summary>A step of an adaptive optimizer, of the averages that follow, and zeros for the gradients, while all of a piece is in the caches.</summary>
    public void Adapt(float* parameters, float* gradients, float* first, float* second, long length, AdaptiveStep step, IReadOnlyList<(nint Values, float Weight)> followers)
    {
        (_operation, _length, _step, _followers) = (BufferOperation.AdaptAll, length, step, followers);
        _target = parameters;
        _source = gradients;
        _first = first;
        _second = second;
        Run();
    }

    /// <summary>Σx².</summary>
    public double SumOfSquares(float* values, long length)
    {
        var pieces = Pieces(length);
        if (_sums.Length < pieces)
        {
            _sums = new double[pieces];
        }

        Run(BufferOperation.SumSquares, values, length);
        var sum = 0.0;
        for (var i = 0; i < pieces; i++)
        {
            sum += _sums[i];
        }

        return sum;
    }

    /// <inheritdoc/>
    public void Execute(int chunk, int slot)
    {
        var start = (long)chunk * Piece;
        var count = (int)Math.Min(Piece, _length - start);
        var target = new Span<float>(_target + start, count);
        var source = _source is null ? default : new ReadOnlySpan<float>(_source + start, count);
        switch (_operation)
        {
            case BufferOperation.Clear:
                target.Clear();
                break;
            case BufferOperation.Copy:
                source.CopyTo(target);
                break;
            case BufferOperation.Scale:
                TensorPrimitives.Multiply(target, _factor, target);
                break;
            case BufferOperation.Lerp:
                Lerp(target, source, _factor);
                break;
            case BufferOperation.SumSquares:
                _sums[chunk] = SumOfSquares(target);
                break;
            case BufferOperation.AdaptAll:
                AdaptAll(start, count);
                break;
            default:
                _step.Apply(target, source, new(_first + start, count), new(_second + start, count));
                break;
        }
    }

    private void AdaptAll(long start, int count)
    {
        for (var end = start + count; start < end; start += Block)
        {
            var part = (int)Math.Min(Block, end - start);
            var parameters = new Span<float>(_target + start, part);
            var gradients = new Span<float>(_source + start, part);
            _step.Apply(parameters, gradients, new(_first + start, part), new(_second + start, part));
            gradients.Clear();
            for (var i = 0; i < _followers.Count; i++)
            {
                var (values, weight) = _followers[i];
                Lerp(new((float*)values + start, part), parameters, weight);
            }
        }
    }

    private static int Pieces(long length) => (int)((length + Piece - 1) / Piece);

    private static void Lerp(Span<float> target, ReadOnlySpan<float> other, float weight)
    {
        // From the nearer end, so that a weight of 1 gives the other exactly.
        var (from, by) = weight < 0.5f ? (0, weight) : (1, weight - 1);
        Span<float> difference = stackalloc float[Block];
        for (var i = 0; i < target.Length; i += Block)
        {
            var count = Math.Min(Block, target.Length - i);
            var own = target.Slice(i, count);
            var its = other.Slice(i, count);
            var way = difference[..count];
            TensorPrimitives.Subtract(its, own, way);
            TensorPrimitives.MultiplyAdd(way, by, from == 0 ? own : its, own);
        }
    }

    // In double precision: squares of gradients may be below what a float holds.
    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        Span<double> wide = stackalloc double[Block];
        var sum = 0.0;
        for (var i = 0; i < values.Length; i += Block)
        {
            var part = values.Slice(i, Math.Min(Block, values.Length - i));
            TensorPrimitives.ConvertTruncating(part, wide);
            sum += TensorPrimitives.SumOfSquares<double>(wide[..part.Length]);
        }

        return sum;
    }

    private void Run()
    {
        region.Pool.Enter(region, CancellationToken.None);
        try
        {
            region.Run(this, Pieces(_length));
        }
        finally
        {
            region.Pool.Leave(region);
        }
    }
}

/// <summary>What is done with a buffer.</summary>
internal enum BufferOperation
{
    /// <summary>Zeros.</summary>
    Clear,

    /// <summary>Another's values.</summary>
    Copy,

    /// <summary>Times a factor.</summary>
    Scale,

    /// <summary>A part of the way to another's values.</summary>
    Lerp,

    /// <summary>The sum of squares.</summary>
    SumSquares,

    /// <summary>A step of an optimizer.</summary>
    Adapt,

    /// <summary>The same with averages and zeros.</summary>
    AdaptAll,
}
