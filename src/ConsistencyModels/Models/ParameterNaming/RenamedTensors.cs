using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>Another source under other names and shapes: each tensor is a run of rows of one of its tensors. Nothing is copied.</summary>
internal sealed class RenamedTensors : ITensorSource, IMappedTensors
{
    private readonly ITensorSource _source;
    private readonly Dictionary<string, Part> _parts = new(StringComparer.Ordinal);

    /// <summary>Names parts of a source, which this then owns.</summary>
    /// <param name="source">The source.</param>
    /// <param name="parts">Name and shape here, the tensor there, and the element there at which it begins.</param>
    public RenamedTensors(ITensorSource source, IEnumerable<(string Name, IReadOnlyList<long> Shape, string Stored, long First)> parts)
    {
        _source = source;
        foreach (var (name, shape, stored, first) in parts)
        {
            _parts.Add(name, new Part(new TensorInfo(name, source.Tensors[stored].DType, shape), stored, first));
        }

        Tensors = _parts.ToDictionary(part => part.Key, part => part.Value.Info).AsReadOnly();
    }

    /// <summary>Exactly a network's parameters under diffusers' names of today: earlier versions had others.</summary>
    /// <param name="source">The parameters under either, which the result owns.</param>
    /// <param name="config">The network.</param>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape.</exception>
    public static ITensorSource Today(ITensorSource source, UNet2DConfig config)
    {
        var network = UNet2DDescription.Of(config);
        var stored = NetworkWeights.Check(network, source);
        return new RenamedTensors(source, network.Parameters.Select(p => (p.Name, p.Shape, stored[p.Name], 0L)));
    }

    /// <inheritdoc/>
    public string Origin => _source.Origin;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => _source.Metadata;

    /// <inheritdoc/>
    IReadOnlyList<MappedFile>? IMappedTensors.Files => (_source as IMappedTensors)?.Files;

    /// <inheritdoc/>
    string IMappedTensors.View =>
        string.Join('\n', _parts.Select(part => $"{part.Key}\t{part.Value.Stored}\t{part.Value.First}").Prepend((_source as IMappedTensors)?.View));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var part = Find(name);
        var size = part.Info.DType.Size();
        var all = _source.Bytes(part.Stored);
        return all.Slice(checked((int)(part.First * size)), checked((int)(part.Info.ElementCount * size)));
    }

    /// <inheritdoc/>
    public void CopyTo(string name, Span<float> destination)
    {
        var part = Find(name);
        if (part.Info.ElementCount != destination.Length)
        {
            throw new ArgumentException(
                $"{Origin}: tensor {Printable.Quote(name)} has {part.Info.ElementCount} elements, the destination {destination.Length}.", nameof(destination));
        }

        if (_source.Tensors[part.Stored].ElementCount == destination.Length)
        {
            _source.CopyTo(part.Stored, destination);
        }
        else
        {
            FloatConversion.ToSingle(part.Info.DType, Bytes(name), destination);
        }
    }

    /// <inheritdoc/>
    public void Release(string name) => _source.Release(Find(name).Stored);

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private Part Find(string name) =>
        _parts.TryGetValue(name, out var part) ? part : throw new KeyNotFoundException($"{Origin}: there is no tensor {Printable.Quote(name)}.");

    private readonly record struct Part(TensorInfo Info, string Stored, long First);
}
