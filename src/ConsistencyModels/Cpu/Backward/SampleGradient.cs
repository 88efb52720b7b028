using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>The end of the way back, if the caller wants it: the gradient of the sample, from that of the first convolution's output.</summary>
/// <param name="spec">The first convolution.</param>
/// <param name="gradient">Its output's gradient.</param>
internal sealed unsafe class SampleGradient(GatherSpec spec, Feature gradient) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [gradient.Slot];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        if (call.InputGradient is not null)
        {
            call.For(this, 0, gradient.Batch);
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var (height, width, channels) = spec.InputSize;
        var plane = (long)height * width;
        var image = call.InputGradient + (chunk * channels * plane);
        new Span<float>(image, checked((int)(channels * plane))).Clear();
        var y = call.At(gradient.Slot) + ((long)chunk * gradient.Pixels * gradient.Stride);
        var factor = spec.Center ? 2 : 1;
        for (var pixel = 0; pixel < gradient.Pixels; pixel++, y += gradient.Stride)
        {
            for (var tap = 0; tap < PatchGather.Taps; tap++)
            {
                if (PatchGather.Place(spec, pixel, tap) is >= 0 and var place)
                {
                    for (var channel = 0; channel < channels; channel++)
                    {
                        image[(channel * plane) + place] += factor * spec.Weights.Dot((tap * channels) + channel, y);
                    }
                }
            }
        }
    }
}
