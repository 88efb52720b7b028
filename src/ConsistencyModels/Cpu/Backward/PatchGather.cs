using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>The 9 pixels around outputs, as a <see cref="GatherStep"/> sees them, a part at a time; and the way back.</summary>
internal static unsafe class PatchGather
{
    /// <summary>Pixels of a patch.</summary>
    public const int Taps = Edge * Edge;

    private const int Edge = 3;

    /// <summary>One pixel of the patches of neighbouring outputs, some of its channels.</summary>
    public static void Tap(Call call, GatherSpec spec, int firstRow, int rows, int tap, int channel, int channels, float* target)
    {
        var input = spec.Input!;
        var x = call.At(input.Slot) + channel;
        for (var row = 0; row < rows; row++)
        {
            var (image, pixel) = Math.DivRem(firstRow + row, spec.Output.Pixels);
            var to = new Span<float>(target + (row * channels), channels);
            if (Place(spec, pixel, tap) is >= 0 and var place)
            {
                new ReadOnlySpan<float>(x + ((((long)image * input.Pixels) + place) * input.Stride), channels).CopyTo(to);
            }
            else
            {
                to.Clear();
            }
        }
    }

    /// <summary>Whole patches of the call's sample, taps first, padded with zeros.</summary>
    public static void Sample(Call call, GatherSpec spec, int firstRow, int rows, float* target, int stride)
    {
        var (height, width, channels) = spec.InputSize;
        var plane = (long)height * width;
        new Span<float>(target, rows * stride).Clear();
        for (var row = 0; row < rows; row++)
        {
            var (image, pixel) = Math.DivRem(firstRow + row, spec.Output.Pixels);
            for (var tap = 0; tap < Taps; tap++)
            {
                if (Place(spec, pixel, tap) is >= 0 and var place)
                {
                    var x = call.Sample + ((long)image * channels * plane) + place;
                    for (var channel = 0; channel < channels; channel++)
                    {
                        var value = x[channel * plane];
                        target[(tap * channels) + channel] = spec.Center ? (2 * value) - 1 : value;
                    }
                }
            }

            target += stride;
        }
    }

    /// <summary>Adds gradients of whole patches to those of an image's pixels.</summary>
    public static void AddTo(GatherSpec spec, float* image, int firstPixel, int rows, float* patches)
    {
        var stride = spec.Input!.Stride;
        for (var row = 0; row < rows; row++)
        {
            for (var tap = 0; tap < Taps; tap++)
            {
                if (Place(spec, firstPixel + row, tap) is >= 0 and var place)
                {
                    ElementKernel.Add(patches, 1, image + ((long)place * stride), stride, accumulate: true);
                }

                patches += stride;
            }
        }
    }

    // The input pixel that an output sees through a tap, or -1.
    private static int Place(GatherSpec spec, int pixel, int tap)
    {
        var (y, x) = Math.DivRem(pixel, spec.Output.Width);
        var (row, column) = ((y * spec.Stride) - spec.Padding + (tap / Edge), (x * spec.Stride) - spec.Padding + (tap % Edge));
        return (uint)row < (uint)spec.InputSize.Height && (uint)column < (uint)spec.InputSize.Width ? (row * spec.InputSize.Width) + column : -1;
    }
}
