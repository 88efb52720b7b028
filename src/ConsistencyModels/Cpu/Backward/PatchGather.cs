using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>The 9 pixels around outputs, as a <see cref="GatherStep"/> sees them, a part at a time; and the way back.</summary>
internal static unsafe class PatchGather
{
    /// <summary>Pixels of a patch.</summary>
    public const int Taps = Edge * Edge;

    private const int Edge = 3;

    /// <summary>One pixel of the patches of neighbouring outputs, some panels of its channels.</summary>
    public static void Tap(Call call, GatherSpec spec, int firstRow, int rows, int tap, int channel, int panels, float* target, nint panelStride)
    {
        var input = spec.Input!;
        var x = call.At(input.Slot) + channel;
        for (var row = 0; row < rows; row++)
        {
            var (image, pixel) = Math.DivRem(firstRow + row, spec.Output.Pixels);
            var to = target + (row * Gemm.PanelWidth);
            if (Place(spec, pixel, tap) is >= 0 and var place)
            {
                PanelRows.Copy(x + ((((long)image * input.Pixels) + place) * input.Stride), 0, 1, panels, to, panelStride);
                continue;
            }

            for (var panel = 0; panel < panels; panel++)
            {
                new Span<float>(to + (panel * panelStride), Gemm.PanelWidth).Clear();
            }
        }
    }

    /// <summary>Some panels of the patches of the call's sample, taps first; beyond their depth there are zeros.</summary>
    public static void Sample(Call call, GatherSpec spec, int firstRow, int rows, int firstDepth, int panels, float* target, nint panelStride)
    {
        var (height, width, channels) = spec.InputSize;
        var end = firstRow + rows;
        for (var row = firstRow; row < end;)
        {
            // Outputs of one row of an image: a tap sees them as a row of pixels.
            var (image, pixel) = Math.DivRem(row, spec.Output.Pixels);
            var (y, x) = Math.DivRem(pixel, spec.Output.Width);
            var count = Math.Min(spec.Output.Width - x, end - row);
            for (var i = 0; i < panels * Gemm.PanelWidth; i++)
            {
                var (tap, channel) = Math.DivRem(firstDepth + i, channels);
                var to = target + (i / Gemm.PanelWidth * panelStride) + ((row - firstRow) * Gemm.PanelWidth) + (i % Gemm.PanelWidth);
                var (above, left) = ((y * spec.Stride) - spec.Padding + (tap / Edge), (x * spec.Stride) - spec.Padding + (tap % Edge));
                var inside = tap < Taps && (uint)above < (uint)height;
                var pixels = call.Sample + (((((long)image * channels) + channel) * height) + above) * width;
                for (var j = 0; j < count; j++, left += spec.Stride, to += Gemm.PanelWidth)
                {
                    var value = inside && (uint)left < (uint)width ? pixels[left] : 0;
                    *to = spec.Center && inside && (uint)left < (uint)width ? (2 * value) - 1 : value;
                }
            }

            row += count;
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

    /// <summary>The input pixel that an output sees through a tap, or -1.</summary>
    public static int Place(GatherSpec spec, int pixel, int tap)
    {
        var (y, x) = Math.DivRem(pixel, spec.Output.Width);
        var (row, column) = ((y * spec.Stride) - spec.Padding + (tap / Edge), (x * spec.Stride) - spec.Padding + (tap % Edge));
        return (uint)row < (uint)spec.InputSize.Height && (uint)column < (uint)spec.InputSize.Width ? (row * spec.InputSize.Width) + column : -1;
    }
}
