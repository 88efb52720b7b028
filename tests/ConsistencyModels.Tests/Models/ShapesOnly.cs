using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Tests.Models;

/// <summary>Tensors without data: what inference of an architecture looks at.</summary>
internal sealed class ShapesOnly(IEnumerable<(string Name, IReadOnlyList<long> Shape)> tensors) : ITensorSource
{
    public string Origin => "shapes";

    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
        tensors.ToDictionary(tensor => tensor.Name, tensor => new TensorInfo(tensor.Name, TensorDType.F32, tensor.Shape));

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public ReadOnlySpan<byte> Bytes(string name) => throw new NotSupportedException();

    public void CopyTo(string name, Span<float> destination) => throw new NotSupportedException();

    public void Release(string name) => throw new NotSupportedException();

    public void Dispose()
    {
        // Nothing is held.
    }
}
