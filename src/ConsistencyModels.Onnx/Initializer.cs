
using ConsistencyModels.Onnx.Schema;

namespace ConsistencyModels.Onnx;

/// <summary>A constant of a graph whose bytes are produced while they are written.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="ByteCount">Bytes it takes.</param>
/// <param name="Write">Writes exactly that many little-endian bytes.</param>
internal sealed record Initializer(
    string Name, TensorProto.Types.DataType Type, IReadOnlyList<long> Shape, long ByteCount, Action<Stream> Write)
{
    /// <summary>Its description in the file, without the bytes.</summary>
    public TensorProto Describe()
    {
        var tensor = new TensorProto { Name = Name, DataType = (int)Type };
        tensor.Dims.AddRange(Shape);
        return tensor;
    }
}
