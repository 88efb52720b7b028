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
}
