namespace ConsistencyModels.Data.Augmentation;

/// <summary>Augmentations that move whole pixels, in the original's order.</summary>
internal static class Blitting
{
    /// <summary>Changes one image [C, H, W] in place.</summary>
    public static void Apply(ImageDraw drawn, Span<float> image, int height, int width)
    {
        bool turnedX = drawn.QuarterTurns is 1 or 2;
        bool turnedY = drawn.QuarterTurns is 2 or 3;
        bool transposed = drawn.QuarterTurns is 1 or 3;
        int plane = height * width;
        float[]? scratch = transposed || drawn.MoveX != 0 || drawn.MoveY != 0 ? new float[plane] : null;
        for (int at = 0; at < image.Length; at += plane)
        {
            Span<float> channel = image.Slice(at, plane);
            if (drawn.MirrorX != turnedX)
            {
                MirrorX(channel, width);
            }

            if (drawn.MirrorY != turnedY)
            {
                MirrorY(channel, width);
            }

            if (transposed)
            {
                Transpose(channel, scratch, width);
            }

            if (drawn.MoveX != 0 || drawn.MoveY != 0)
            {
                Move(channel, scratch, width, drawn.MoveX, drawn.MoveY);
            }
        }
    }

    private static void MirrorX(Span<float> channel, int width)
    {
        for (int at = 0; at < channel.Length; at += width)
        {
            channel.Slice(at, width).Reverse();
        }
    }

    private static void MirrorY(Span<float> channel, int width)
    {
        // Backwards as a whole, and each row backwards again.
        channel.Reverse();
        MirrorX(channel, width);
    }

    private static void Transpose(Span<float> channel, Span<float> scratch, int side)
    {
        channel.CopyTo(scratch);
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                channel[(y * side) + x] = scratch[(x * side) + y];
            }
        }
    }

    // To the right by moveX and up by moveY, as the original has it.
    private static void Move(Span<float> channel, Span<float> scratch, int width, int moveX, int moveY)
    {
        int height = channel.Length / width;
        channel.CopyTo(scratch);
        for (int y = 0; y < height; y++)
        {
            int fromY = Reflect(y + moveY, height);
            for (int x = 0; x < width; x++)
            {
                channel[(y * width) + x] = scratch[(fromY * width) + Reflect(x - moveX, width)];
            }
        }
    }

    /// <summary>A coordinate of the image that goes on beyond its edges as in mirrors; the edge itself is not repeated.</summary>
    public static int Reflect(int at, int size)
    {
        if (size == 1)
        {
            return 0;
        }

        int period = (2 * size) - 2;
        int place = ((at % period) + period) % period;
        return size - 1 - Math.Abs(size - 1 - place);
    }
}
