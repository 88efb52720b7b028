namespace ConsistencyModels.Pixels;

/// <summary>From the decoder's RGBA bytes to the channels that were asked for.</summary>
internal static class PixelPacking
{
    /// <summary>Composites unpremultiplied RGBA over a colour and keeps 3 channels or the luma; 4 channels pass through.</summary>
    public static byte[] FromRgba(byte[] rgba, int channels, RgbColor background)
    {
        if (channels == 4)
        {
            return rgba;
        }

        int pixels = rgba.Length / 4;
        byte[] result = GC.AllocateUninitializedArray<byte>(pixels * channels);
        for (int i = 0, from = 0, to = 0; i < pixels; i++, from += 4, to += channels)
        {
            int alpha = rgba[from + 3];
            byte r = Over(rgba[from], background.R, alpha);
            byte g = Over(rgba[from + 1], background.G, alpha);
            byte b = Over(rgba[from + 2], background.B, alpha);
            if (channels == 1)
            {
                result[to] = new RgbColor(r, g, b).Luma;
            }
            else
            {
                result[to] = r;
                result[to + 1] = g;
                result[to + 2] = b;
            }
        }

        return result;
    }

    // The exact weighted mean, rounded to the nearest byte; alpha 0 and 255 give the inputs unchanged.
    private static byte Over(byte front, byte back, int alpha) => (byte)(((front * alpha) + (back * (255 - alpha)) + 127) / 255);
}
