using ConsistencyModels.Onnx.Schema;
using DataType = ConsistencyModels.Onnx.Schema.TensorProto.Types.DataType;
using Dimension = ConsistencyModels.Onnx.Schema.TensorShapeProto.Types.Dimension;

namespace ConsistencyModels.Onnx;

/// <summary>Types of a graph's inputs and outputs.</summary>
internal static class GraphValues
{
    /// <summary>[batch, channels, height, width] of float32.</summary>
    public static ValueInfoProto Images(string name, int channels, ImageSize? size, string words) => Value(
        name,
        DataType.Float,
        words,
        Open("batch"),
        Fixed(channels),
        size is { Height: var height } ? Fixed(height) : Open("height"),
        size is { Width: var width } ? Fixed(width) : Open("width"));

    /// <summary>A vector of open length.</summary>
    public static ValueInfoProto Vector(string name, string length, DataType type, string words) => Value(name, type, words, Open(length));

    /// <summary>Floats of known dimensions behind an open batch.</summary>
    public static ValueInfoProto Batched(string name, params ReadOnlySpan<long> shape) =>
        Value(name, DataType.Float, "", [Open("batch"), .. shape.ToArray().Select(size => Fixed((int)size))]);

    private static ValueInfoProto Value(string name, DataType type, string words, params Dimension[] shape)
    {
        var dimensions = new TensorShapeProto();
        dimensions.Dim.AddRange(shape);
        return new ValueInfoProto
        {
            Name = name,
            DocString = words,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = dimensions } },
        };
    }

    private static Dimension Open(string name) => new() { DimParam = name };

    private static Dimension Fixed(int size) => new() { DimValue = size };
}
