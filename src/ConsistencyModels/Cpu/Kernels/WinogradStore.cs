using System.Numerics;
using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu;

/// <summary>The end of a Winograd output transform: residual, scale, store.</summary>
internal static unsafe class WinogradStore
{
    /// <summary>Writes one vector of one pixel; tile corners are even, so a halved residual's pixel is (row/2, column/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<float> value, in WinogradTarget target, int row, int column, int channel)
    {
        if (target.Residual is not null)
        {
            value += Vector.Load(
                target.Residual
                + ((row >> target.ResidualShift) * target.ResidualRowStride)
                + ((column >> target.ResidualShift) * target.ResidualPixelStride)
                + channel);
        }

        if (target.Scale != 1)
        {
            value *= Vector.Create(target.Scale);
        }

        value.Store(target.Output + (row * target.RowStride) + (column * target.PixelStride) + channel);
    }

    /// <summary>Bias and image's bias of a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Bias(in WinogradTarget target, int channel)
    {
        var bias = Vector.Load(target.Bias + channel);
        return target.ImageBias is null ? bias : bias + Vector.Load(target.ImageBias + channel);
    }
}
