using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>Float32 tensors in managed memory.</summary>
internal sealed class MemoryTensors : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _infos = [];
    private readonly Dictionary<string, float[]> _values = [];

    public string Origin => "memory";

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _infos;

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public MemoryTensors Add(string name, float[] values, params long[] shape)
    {
        _infos.Add(name, new TensorInfo(name, TensorDType.F32, shape));
        _values.Add(name, values);
        return this;
    }

    public ReadOnlySpan<byte> Bytes(string name) => MemoryMarshal.AsBytes(_values[name].AsSpan());

    public void CopyTo(string name, Span<float> destination) => _values[name].CopyTo(destination);

    public void Release(string name)
    {
    }

    public void Dispose()
    {
    }
}
