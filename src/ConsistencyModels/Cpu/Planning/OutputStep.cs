using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>
/// The network's last convolution, to few channels, written in NCHW order. With 3 outputs most of a panel of 16 would
/// multiply zeros, so the 9 taps stand side by side as columns of one product over the unshifted pixels, and each output
/// then sums 9 neighbours' columns.
/// </summary>
internal sealed unsafe class OutputStep : Step
{
    private const int RowsOfBlock = 96;
    private const int Edge = 3;

    private readonly OutputSpec _spec;
    private readonly Feature _input;
    private readonly int _columns;
    private readonly int _sumRows;
    private readonly ArenaSlot _taps;

    /// <summary>Plans the step.</summary>
    public OutputStep(OutputSpec spec)
    {
        (_spec, _input) = (spec, spec.Input);
        _columns = spec.Weights.Panels * Gemm.PanelWidth;
        _sumRows = Chunks.ByBytes(4.0 * 9 * _columns * _input.Width, _input.Batch * _input.Height);
        _taps = new ArenaSlot((long)_input.Rows * _columns);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [_input.Slot, _taps];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        call.For(this, 0, Chunks.Count(_input.Rows, RowsOfBlock));
        call.For(this, 1, Chunks.Count(_input.Batch * _input.Height, _sumRows));
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        if (phase == 0)
        {
            var first = chunk * RowsOfBlock;
            _spec.Weights.Multiply(
                call.At(_input.Slot) + ((long)first * _input.Stride), _input.Stride, 0, _input.Stride, 0, _spec.Weights.Panels,
                call.At(_taps) + ((long)first * _columns), _columns, Math.Min(RowsOfBlock, _input.Rows - first), accumulate: false);
        }
        else
        {
            for (var i = chunk * _sumRows; i < Math.Min(_input.Batch * _input.Height, (chunk + 1) * _sumRows); i++)
            {
                var (image, row) = Math.DivRem(i, _input.Height);
                SumRow(call, image, row);
            }
        }
    }

    private void SumRow(Call call, int image, int row)
    {
        var (height, width) = (_input.Height, _input.Width);
        var taps = call.At(_taps) + ((long)image * _input.Pixels * _columns);
        var divisor = _spec.DivideByTimestep ? call.Timesteps[image * call.TimestepStride] : 1;
        for (var channel = 0; channel < _spec.Channels; channel++)
        {
            var output = call.Output + (((((long)image * _spec.Channels) + channel) * height) + row) * width;
            for (var column = 0; column < width; column++)
            {
                var sum = _spec.Bias.Values[channel];
                for (var i = 0; i < Edge; i++)
                {
                    for (var j = 0; j < Edge; j++)
                    {
                        var (y, x) = (row - 1 + i, column - 1 + j);
                        if ((uint)y < (uint)height && (uint)x < (uint)width)
                        {
                            sum += taps[((((long)y * width) + x) * _columns) + (((i * Edge) + j) * _spec.Channels) + channel];
                        }
                    }
                }

                output[column] = sum / divisor;
            }
        }
    }
}

/// <summary>What an <see cref="OutputStep"/> does.</summary>
/// <param name="Input">The input.</param>
/// <param name="Channels">Output channels.</param>
/// <param name="Weights">Columns are taps, then channels.</param>
/// <param name="Bias">Bias.</param>
/// <param name="DivideByTimestep">Whether the result is divided by the image's timestep.</param>
internal sealed record OutputSpec(Feature Input, int Channels, PackedMatrix Weights, PackedVector Bias, bool DivideByTimestep);
