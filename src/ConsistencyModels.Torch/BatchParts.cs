using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>How a large batch is cut, for its activations are all in memory at once.</summary>
internal static class BatchParts
{
    // On a CPU 16 images of 64x64 or one of 256x256, beyond which it gains nothing; a GPU needs more to be busy.
    private const long PixelsAtOnce = 65536;
    private const long PixelsAtOnceOnGpu = 16 * PixelsAtOnce;

    /// <summary>Images in a part, at least 1.</summary>
    public static int Most(Device device, ImageShape shape) => (int)Math.Clamp(
        (device.type == TorchSharp.DeviceType.CPU ? PixelsAtOnce : PixelsAtOnceOnGpu) / ((long)shape.Height * shape.Width), 1, shape.Batch);

    /// <summary>Images [first, first + count).</summary>
    public static UNetInput Slice(UNetInput input, int first, int count) => new(
        input.Sample.Slice(first * input.Shape.ImageLength, count * input.Shape.ImageLength),
        input.Shape.WithBatch(count),
        input.Timesteps.Length == 1 ? input.Timesteps : input.Timesteps.Slice(first, count),
        input.ClassLabels.IsEmpty ? input.ClassLabels : input.ClassLabels.Slice(first, count))
    {
        AugmentLabels = input.AugmentLabels.Slice(input.AugmentLabels.Length / input.Shape.Batch * first, input.AugmentLabels.Length / input.Shape.Batch * count),
    };
}
