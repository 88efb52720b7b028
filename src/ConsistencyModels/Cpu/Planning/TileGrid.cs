namespace ConsistencyModels.Cpu.Planning;

/// <summary>How the outputs of a 3x3 convolution are cut in Winograd tiles. Those of all images are one list.</summary>
/// <param name="outputSize">m of F(m x m, 3 x 3).</param>
/// <param name="output">The outputs.</param>
internal readonly unsafe struct TileGrid(int outputSize, Feature output)
{
    /// <summary>Most pointers that <see cref="Window"/> writes.</summary>
    public const int MostPixels = 36;

    private readonly int _columns = Chunks.Count(output.Width, outputSize);
    private readonly int _edge = outputSize + 2;

    /// <summary>Tiles of an image.</summary>
    public int TilesOfImage { get; } = Chunks.Count(output.Height, outputSize) * Chunks.Count(output.Width, outputSize);

    /// <summary>Tiles of the batch.</summary>
    public int Tiles => output.Batch * TilesOfImage;

    /// <summary>A tile's image and its upper left output.</summary>
    public (int Image, int Row, int Column) Corner(int tile)
    {
        var (image, place) = Math.DivRem(tile, TilesOfImage);
        var (row, column) = Math.DivRem(place, _columns);
        return (image, row * outputSize, column * outputSize);
    }

    /// <summary>Where the (m+2)² inputs of a tile are, rows first.</summary>
    /// <param name="start">The input's first image.</param>
    /// <param name="input">The input.</param>
    /// <param name="shift">1 if each input pixel serves 2x2, else 0.</param>
    /// <param name="tile">Which tile.</param>
    /// <param name="outside">What stands for pixels beyond the image.</param>
    /// <param name="pixels">Receives them.</param>
    public void Window(float* start, Feature input, int shift, int tile, float* outside, float** pixels)
    {
        var (image, top, left) = Corner(tile);
        var (edge, stride) = (_edge, (nint)input.Stride);
        var rowStride = input.Width * stride;
        var x = start + ((long)image * input.Pixels * stride);
        var (first, end) = (left == 0 ? 1 : 0, Math.Min(edge, output.Width + 1 - left));
        for (var i = 0; i < edge; i++, pixels += edge)
        {
            var row = top - 1 + i;
            if ((uint)row >= (uint)output.Height)
            {
                Fill(pixels, 0, edge, outside);
                continue;
            }

            Fill(pixels, 0, first, outside);
            var rowStart = x + ((row >> shift) * rowStride);
            for (var j = first; j < end; j++)
            {
                pixels[j] = rowStart + (((left - 1 + j) >> shift) * stride);
            }

            Fill(pixels, end, edge, outside);
        }
    }

    /// <summary>Where the m² outputs of a tile are, rows first.</summary>
    /// <param name="start">The first image of something like the output.</param>
    /// <param name="tile">Which tile.</param>
    /// <param name="outside">What stands for pixels beyond the image.</param>
    /// <param name="pixels">Receives them.</param>
    public void Outputs(float* start, int tile, float* outside, float** pixels)
    {
        var (image, top, left) = Corner(tile);
        var stride = (nint)output.Stride;
        var y = start + ((((long)image * output.Pixels) + ((long)top * output.Width) + left) * stride);
        var end = Math.Min(outputSize, output.Width - left);
        for (var row = top; row < top + outputSize; row++, pixels += outputSize)
        {
            var inside = row < output.Height ? end : 0;
            for (var j = 0; j < inside; j++)
            {
                pixels[j] = y + (j * stride);
            }

            Fill(pixels, inside, outputSize, outside);
            y += output.Width * stride;
        }
    }

    /// <summary>
    /// Floats from a pixel to one that a tile below will read, or in the last row of tiles about the next image's: far enough to be there in
    /// time when it is fetched now.
    /// </summary>
    /// <param name="outputSize">m.</param>
    /// <param name="feature">Whose pixels.</param>
    /// <param name="shift">1 if each pixel serves 2x2, else 0.</param>
    /// <param name="border">Rows around a tile that it reads too.</param>
    public static nint Ahead(int outputSize, Feature feature, int shift, int border) =>
        ((nint)(outputSize >> shift) + border) * feature.Width * feature.Stride;

    private static void Fill(float** pixels, int first, int end, float* value)
    {
        for (var i = first; i < end; i++)
        {
            pixels[i] = value;
        }
    }
}
