using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>
/// Packed weights of parameters that change: each tensor in memory of its own, packed again as a whole by <see cref="Refresh"/>. Plans may ask
/// for more at any time.
/// </summary>
/// <param name="places">Where each parameter lies among the flat ones.</param>
internal sealed unsafe class LiveWeights(IReadOnlyDictionary<string, long> places) : IWeightSet, IParallelWork, IDisposable
{
    private readonly Dictionary<string, PackedTensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<NativeBuffer> _memory = [];
    private readonly List<Part> _parts = [];
    private int _chunks;
    private int _packed;
    private int _first;
    private float* _values;

    /// <inheritdoc/>
    public bool Half => false;

    /// <summary>Whether tensors were asked for since <see cref="Refresh"/>.</summary>
    public bool HasNew => _packed < _chunks;

    /// <summary>Bytes of all packed weights.</summary>
    public long Bytes => _memory.Sum(buffer => buffer.Length);

    /// <inheritdoc/>
    public T Get<T>(string name, Func<T> create)
        where T : PackedTensor
    {
        if (_tensors.TryGetValue(name, out var known))
        {
            return (T)known;
        }

        var tensor = create();
        var memory = new NativeBuffer(tensor.Bytes);
        _memory.Add(memory);
        tensor.Pointer = memory.Pointer;
        _tensors.Add(name, tensor);
        for (var part = 0; part < tensor.Parameters.Count; part++)
        {
            _parts.Add(new(tensor, part, places[tensor.Parameters[part]], _chunks));
            _chunks += tensor.ChunksOf(part);
        }

        return tensor;
    }

    /// <summary>Packs the parameters' values; the region's caller has entered the pool.</summary>
    /// <param name="values">All parameters, flat.</param>
    /// <param name="region">The threads.</param>
    /// <param name="changed">Whether values changed since the last time; else only what is new is packed.</param>
    public void Refresh(float* values, WorkRegion region, bool changed)
    {
        _values = values;
        _first = changed ? 0 : _packed;
        region.Run(this, _chunks - _first);
        _packed = _chunks;
    }

    /// <inheritdoc/>
    public void Execute(int chunk, int slot)
    {
        chunk += _first;
        var (low, high) = (0, _parts.Count);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = _parts[middle].FirstChunk <= chunk ? (middle, high) : (low, middle);
        }

        var part = _parts[low];
        part.Tensor.PackChunk(part.Index, new WeightView(_values + part.Place), chunk - part.FirstChunk);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.ForEach(buffer => buffer.Dispose());

    private readonly record struct Part(PackedTensor Tensor, int Index, long Place, int FirstChunk);
}
