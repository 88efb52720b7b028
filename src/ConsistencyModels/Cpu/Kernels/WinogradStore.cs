using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu;

/// <summary>The end of a Winograd output transform: residual, scale, store.</summary>
internal static unsafe class WinogradStore
{
    /// <summary>Writes one vector of one pixel; tile corners are even, so a halved residual's pixel is (row/2, column/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(T value, in WinogradTarget target, int row, int column, int channel)
        where T : unmanaged, IFloats<T>
    {
        if (target.Residual is not null)
        {
            value += T.Load(
                target.Residual
                + ((row >> target.ResidualShift) * target.ResidualRowStride)
                + ((column >> target.ResidualShift) * target.ResidualPixelStride)
                + channel);
        }

        if (target.Scale != 1)
        {
            value *= T.Create(target.Scale);
        }

        T.Store(value, target.Output + (row * target.RowStride) + (column * target.PixelStride) + channel);
    }

    /// <summary>Bias and image's bias of a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Bias<T>(in WinogradTarget target, int channel)
        where T : unmanaged, IFloats<T>
    {
        var bias = T.Load(target.Bias + channel);
        return target.ImageBias is null ? bias : bias + T.Load(target.ImageBias + channel);
    }
}
