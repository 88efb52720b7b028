using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// The beginning of the way back: the output's gradient, as the caller gives it, spread over the columns of the last convolution's product,
/// a column for each tap and channel; and its sums, which are the bias's.
/// </summary>
/// <param name="spec">The last convolution.</param>
/// <param name="target">The product's gradient.</param>
internal sealed unsafe class OutputTaps(OutputSpec spec, Feature target) : Step
{
    private const int Edge = 3;

    private readonly ArenaSlot _sums = new(ChannelFloats(spec));

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [target.Slot, _sums];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        call.For(this, 0, target.Batch * target.Height);
        call.For(this, 1, spec.Channels);
        spec.Bias.Unpack(call.At(_sums), call.Gradients);
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        if (phase == 0)
        {
            Row(call, chunk);
        }
        else
        {
            call.At(_sums)[chunk] = (float)Sum(call, chunk);
        }
    }

    private static long ChannelFloats(OutputSpec spec) => Packing.ChannelLayout.Pad(spec.Channels);

    private float Divisor(Call call, int image) => spec.DivideByTimestep ? call.Timesteps[image * call.TimestepStride] : 1;

    private void Row(Call call, int chunk)
    {
        var (image, row) = Math.DivRem(chunk, target.Height);
        var (height, width, channels) = (target.Height, target.Width, spec.Channels);
        var divisor = Divisor(call, image);
        var gradient = call.OutputGradient + ((long)image * channels * height * width);
        var to = call.At(target.Slot) + ((long)chunk * width * target.Stride);
        new Span<float>(to, width * target.Stride).Clear();
        for (var i = 0; i < Edge; i++)
        {
            // The output that sees this pixel through the tap.
            var y = row + 1 - i;
            if ((uint)y >= (uint)height)
            {
                continue;
            }

            for (var j = 0; j < Edge; j++)
            {
                for (var channel = 0; channel < channels; channel++)
                {
                    var source = gradient + ((((long)channel * height) + y) * width);
                    var place = (((i * Edge) + j) * channels) + channel;
                    for (var column = Math.Max(0, j - 1); column < Math.Min(width, width + j - 1); column++)
                    {
                        to[((long)column * target.Stride) + place] = source[column + 1 - j] / divisor;
                    }
                }
            }
        }
    }

    private double Sum(Call call, int channel)
    {
        double total = 0;
        for (var image = 0; image < target.Batch; image++)
        {
            double sum = 0;
            foreach (var value in new ReadOnlySpan<float>(call.OutputGradient + ((((long)image * spec.Channels) + channel) * target.Pixels), target.Pixels))
            {
                sum += value;
            }

            total += sum / Divisor(call, image);
        }

        return total;
    }
}
