namespace ConsistencyModels.Onnx;

/// <summary>A value [batch, Channels, Height, Width] of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Height">Rows; null if they are known when the graph runs only.</param>
/// <param name="Width">Columns; null likewise.</param>
internal sealed record Feature(string Name, int Channels, int? Height, int? Width)
{
    /// <summary>Of half the size.</summary>
    public Feature Halved(string name) => new(name, Channels, Height / 2, Width / 2);

    /// <summary>Of double the size.</summary>
    public Feature Doubled(string name) => new(name, Channels, Height * 2, Width * 2);
}
