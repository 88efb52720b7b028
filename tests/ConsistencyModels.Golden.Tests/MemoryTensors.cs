using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Weights in memory, 0 until they are set: the norms' too.</summary>
internal sealed class MemoryTensors : ITensorSource
{
    private readonly Dictionary<string, float[]> _values = [];

    internal MemoryTensors(IEnumerable<(string Name, IReadOnlyList<long> Shape)> tensors)
    {
        Tensors = tensors.ToDictionary(tensor => tensor.Name, tensor => new TensorInfo(tensor.Name, TensorDType.F32, tensor.Shape));
        foreach (var tensor in Tensors.Values)
        {
            _values[tensor.Name] = new float[tensor.ElementCount];
        }
    }

    public string Origin => "memory";

    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    internal float[] this[string name] => _values[name];

    public ReadOnlySpan<byte> Bytes(string name) => MemoryMarshal.AsBytes(_values[name].AsSpan());

    public void CopyTo(string name, Span<float> destination) => _values[name].CopyTo(destination);

    public void Release(string name)
    {
    }

    public void Dispose()
    {
    }

    /// <summary>Makes a convolution [out, in, h, w] hand its first channels on, each in the place of its own number.</summary>
    internal void Center(string name, int channels)
    {
        var shape = Tensors[name].Shape;
        var (inputs, window) = ((int)shape[1], (int)(shape[2] * shape[3]));
        for (var i = 0; i < channels; i++)
        {
            _values[name][((((i * inputs) + i) * window) + (window / 2))] = 1;
        }
    }
}
