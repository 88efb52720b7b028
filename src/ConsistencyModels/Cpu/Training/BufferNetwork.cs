using ConsistencyModels.Cpu.Backward;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Training;

/// <summary>A network over the parameters in a buffer: their packed form, made when they have changed and are used, and plans.</summary>
internal sealed unsafe class BufferNetwork : IDisposable
{
    private readonly CpuBuffer _buffer;
    private readonly LiveWeights _weights;
    private long _version = -1;

    /// <summary>Packs nothing yet.</summary>
    public BufferNetwork(
        UNet2DDescription description, ImageSize nominalSize, CpuBuffer buffer, IReadOnlyDictionary<string, long> places, int threads)
    {
        _buffer = buffer;
        _weights = new LiveWeights(places);
        var layers = new LayerWeights(_weights);
        Drawing = new PlanCache((batch, size) => PlanBuilder.Build(description, layers, batch, size, threads));
        Masked = new PlanCache((batch, size) => new Plan(PlanBuilder.Steps(description, layers, batch, size, threads, dropout: true, tape: null)));
        Learning = new PlanCache((batch, size) => BackwardBuilder.Build(description, layers, batch, size, threads));

        // As in an engine that loads the parameters, the nominal size says which algorithm suits each layer.
        _ = Drawing.Get(1, nominalSize);
    }

    /// <summary>Plans without dropout.</summary>
    public PlanCache Drawing { get; }

    /// <summary>Plans with dropout and without a way back.</summary>
    public PlanCache Masked { get; }

    /// <summary>Plans with dropout and a way back.</summary>
    public PlanCache Learning { get; }

    /// <summary>Packs what is new or has changed; the region's caller has entered the pool.</summary>
    public void Refresh(WorkRegion region)
    {
        var changed = _version != _buffer.Version;
        if (changed || _weights.HasNew)
        {
            _weights.Refresh(_buffer.Pointer, region, changed);
            _version = _buffer.Version;
        }
    }

    /// <summary>Frees the packed form.</summary>
    public void Dispose() => _weights.Dispose();
}
