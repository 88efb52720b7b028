using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>Copies what the caller passes into the arena, for the way back comes when the caller's memory may be another's.</summary>
internal sealed unsafe class KeptInputs(UNet2DDescription network, int batch, ImageSize size) : Step
{
    private readonly ArenaSlot _sample = new((long)batch * network.Config.InChannels * size.Height * size.Width);
    private readonly ArenaSlot _timesteps = new(batch);
    private readonly ArenaSlot _labels = new(batch);
    private readonly ArenaSlot _augmentLabels = new((long)batch * (network.AugmentLabels?.Channels ?? 0));

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [_sample, _timesteps, _labels, _augmentLabels];

    /// <summary>A step at the end of the way back, to where they live.</summary>
    public Step End => new Until(this);

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        new ReadOnlySpan<float>(call.Sample, checked((int)_sample.Floats)).CopyTo(new Span<float>(call.At(_sample), (int)_sample.Floats));
        call.Sample = call.At(_sample);
        new ReadOnlySpan<float>(call.Timesteps, call.TimestepStride == 0 ? 1 : batch).CopyTo(new Span<float>(call.At(_timesteps), batch));
        call.Timesteps = call.At(_timesteps);
        if (call.Labels is not null)
        {
            new ReadOnlySpan<int>(call.Labels, batch).CopyTo(new Span<int>(call.At(_labels), batch));
            call.Labels = (int*)call.At(_labels);
        }

        if (call.AugmentLabels is not null)
        {
            new ReadOnlySpan<float>(call.AugmentLabels, (int)_augmentLabels.Floats).CopyTo(new Span<float>(call.At(_augmentLabels), (int)_augmentLabels.Floats));
            call.AugmentLabels = call.At(_augmentLabels);
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
    }

    private sealed class Until(KeptInputs inputs) : Step
    {
        public override IEnumerable<ArenaSlot> Slots => inputs.Slots;

        public override void Run(Call call)
        {
        }

        public override void Chunk(Call call, int phase, int chunk, int slot)
        {
        }
    }
}
