namespace ConsistencyModels.Onnx;

/// <summary>A value [batch, Channels, H, W] of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Size">H and W; null if they are known only when the graph runs.</param>
internal sealed record GraphImage(string Name, int Channels, ImageSize? Size);
