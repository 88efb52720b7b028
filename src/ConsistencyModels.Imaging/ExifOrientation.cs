using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>The eight orientations of EXIF tag 0x0112, numbered 1 to 8 as in the file.</summary>
internal static class ExifOrientation
{
    /// <summary>Whether the picture as shown is as wide as the stored one is high.</summary>
    public static bool SwapsSides(int orientation) => orientation is >= 5 and <= 8;

    /// <summary>The picture as it is to be shown; the same object where nothing has to move.</summary>
    public static ImageBuffer Apply(ImageBuffer stored, int orientation)
    {
        if (orientation is < 2 or > 8)
        {
            return stored;
        }

        int w = stored.Width;
        int h = stored.Height;
        int c = stored.Channels;
        ImageBuffer shown = SwapsSides(orientation) ? new(h, w, c) : new(w, h, c);
        for (int y = 0; y < shown.Height; y++)
        {
            Span<byte> row = shown.Row(y);
            for (int x = 0; x < shown.Width; x++)
            {
                (int fromX, int fromY) = orientation switch
                {
                    2 => (w - 1 - x, y),
                    3 => (w - 1 - x, h - 1 - y),
                    4 => (x, h - 1 - y),
                    5 => (y, x),
                    6 => (y, h - 1 - x),
                    7 => (w - 1 - y, h - 1 - x),
                    _ => (w - 1 - y, x),
                };
                stored.Pixels.AsSpan(((fromY * w) + fromX) * c, c).CopyTo(row[(x * c)..]);
            }
        }

        return shown;
    }
}
