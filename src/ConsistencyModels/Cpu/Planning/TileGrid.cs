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
        var x = start + ((long)image * input.Pixels * input.Stride);
        for (var i = 0; i < _edge; i++)
        {
            var row = top - 1 + i;
            for (var j = 0; j < _edge; j++)
            {
                var column = left - 1 + j;
                *pixels++ = (uint)row < (uint)output.Height && (uint)column < (uint)output.Width
                    ? x + ((((long)(row >> shift) * input.Width) + (column >> shift)) * input.Stride)
                    : outside;
            }
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
        var y = start + ((long)image * output.Pixels * output.Stride);
        for (var row = top; row < top + outputSize; row++)
        {
            for (var column = left; column < left + outputSize; column++)
            {
                *pixels++ = row < output.Height && column < output.Width ? y + ((((long)row * output.Width) + column) * output.Stride) : outside;
            }
        }
    }
}
